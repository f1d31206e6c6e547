/** Where the sequences run: in memory, on SQLite in a file, and on a store that fails. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { flakyStore } from '../../support/flaky-store.ts';
import type { Place } from './durable.ts';

/** A place for one sequence, and how to clear it away. */
export interface TakenPlace extends Place {
  clear(): void;
}

/** Opened anew, it is another object on the same memory. */
function memoryPlace(): TakenPlace {
  const store = memoryStore();
  return { name: 'memory', open: () => store, leave: () => {}, clear: () => {} };
}

function sqlitePlace(): TakenPlace {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-oracle-'));
  return {
    name: 'sqlite',
    open: () => sqliteStore(join(folder, 'runs.db')),
    leave: (store) => store.close(),
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function flakyPlace(seed: number): TakenPlace {
  const flaky = flakyStore(memoryStore(), seed);
  return { name: 'flaky memory', open: () => flaky, leave: () => {}, flaky, clear: () => {} };
}

/** New and empty. The seed is that of the faults. */
export const placesFor = (seed: number): TakenPlace[] => [memoryPlace(), sqlitePlace(), flakyPlace(seed)];
