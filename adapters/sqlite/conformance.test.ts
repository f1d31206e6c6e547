import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { testStore } from '../conformance/index.ts';
import { sqliteStore } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

testStore('the SQLite store', (place) => sqliteStore(join(folder, place, 'runs.db')), {
  destroy: (place) => rmSync(join(folder, place), { recursive: true }),
});
