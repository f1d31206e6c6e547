import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { testStore } from '../conformance/index.ts';
import { fileStore } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

testStore('the file store', (place) => fileStore(join(folder, place)), {
  destroy: (place) => rmSync(join(folder, place), { recursive: true }),
});
