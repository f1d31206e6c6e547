/** Measures IndexedDB in a page, as `window.measure`. Always the source: a page is bundled from it. */
import { createRuntime, fromDurable } from 'savepoint';
import { indexedDBStore } from 'savepoint/indexeddb';
import { type FreshPlace, type Line, measureLine } from '../line.ts';

declare global {
  interface Window {
    measure: () => Promise<Line>;
  }
}

let databases = 0;

function fresh(): FreshPlace {
  const name = `bench-${++databases}`;
  const before = used();
  return {
    open: () => indexedDBStore(name),
    bytes: async () => (await used()) - (await before),
  };
}

/** All that the pages of this origin store, as far as the browser tells. */
async function used(): Promise<number> {
  return (await navigator.storage.estimate()).usage ?? Number.NaN;
}

/** A page has fewer runs at once than a server. */
window.measure = () => measureLine({ createRuntime, fromDurable }, fresh, 100);
