/** The stores that a rule is tested on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { onTestFinished } from 'vitest';

/** The path of a file that is not there yet; whatever is there when the test is over goes with it. */
export function temporaryFile(name = 'runs.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** An SQLite store in a file of its own. */
export function temporarySqlite(path: string = temporaryFile()): Store {
  const store = sqliteStore(path, { synchronous: 'normal' });
  onTestFinished(() => store.close());
  return store;
}

/** Makers of stores, by name; for `describe.each`. */
export const stores: readonly (readonly [name: string, make: () => Store])[] = [
  ['memory', memoryStore],
  ['SQLite', () => temporarySqlite()],
];
