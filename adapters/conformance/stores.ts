/**
 * The stores that keep the promises of this folder, and a fresh one for each test.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../src/store.ts';
import { memoryStore } from '../memory.ts';
import { sqliteStore } from '../sqlite/index.ts';
import { minute, owner } from './fixtures.ts';

const stores: Record<string, (folder: string) => Store> = {
  'the memory store': () => memoryStore(),
  'the SQLite store': (folder) => sqliteStore(join(folder, 'runs.db')),
};

/** Runs a suite on each store. `on.store` is new for each test, and `owner` has a lease there. */
export function onEachStore(suite: (on: { readonly store: Store }) => void): void {
  describe.each(Object.entries(stores))('%s', (_, make) => {
    const on = {} as { store: Store };
    let folder: string;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
      on.store = make(folder);
      await on.store.lease(owner, minute);
    });

    afterEach(async () => {
      await on.store.close();
      rmSync(folder, { recursive: true });
    });

    suite(on);
  });
}
