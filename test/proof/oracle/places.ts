/** Where the sequences run: in memory, on every store that processes can share, and on a store that fails. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealed } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { flakyStore } from '../../support/flaky-store.ts';
import type { Ground } from '../grounds.ts';
import { type OpenedPlace, openPlace } from '../place.ts';
import type { Place } from './durable.ts';
import { watched, type WatchedStore } from './watched.ts';

/** A place for one sequence, and how to clear it away. */
export interface TakenPlace extends Place {
  clear(): void;
}

/** Gives a place that is new and empty. The seed is that of the faults. */
export type MakePlace = (seed: number) => TakenPlace;

/** Opened anew, it is another object on the same memory. */
export function memoryPlace(): TakenPlace {
  const store = memoryStore();
  return { name: 'memory', open: () => store, leave: () => {}, clear: () => {} };
}

/** As another process has it: with a handle that was given nothing but the memory and the key. */
export function sealedPlace(): TakenPlace {
  const memory = memoryStore();
  let now: WatchedStore;
  return {
    name: 'sealed memory',
    open: () => (now = watched(sealed(memory, { key: 'a key for the oracle alone' }))).store,
    isBusy: () => now.isBusy(),
    leave: () => {},
    clear: () => {},
  };
}

export function flakyPlace(seed: number): TakenPlace {
  const flaky = flakyStore(memoryStore(), seed);
  return { name: 'flaky memory', open: () => flaky, leave: () => {}, flaky, clear: () => {} };
}

/** Opened anew, it has another handle, and another connection where there is a server. */
export function sharedPlace({ name, fresh }: Ground): TakenPlace {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-oracle-'));
  const place = fresh(folder);
  let opened: OpenedPlace;
  let now: WatchedStore;
  return {
    name,
    open() {
      opened = openPlace(place);
      now = watched(opened.store);
      return now.store;
    },
    isBusy: () => now.isBusy(),
    leave: () => opened.close(),
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}
