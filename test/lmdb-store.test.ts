import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testStore } from 'savepoint/testing';
import { afterAll } from 'vitest';
import { lmdbStore } from '../examples/stores/lmdb-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'lmdb-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

testStore('the store on LMDB', (place) => lmdbStore(join(folder, place)), {
  destroy: (place) => rmSync(join(folder, place), { recursive: true }),
});
