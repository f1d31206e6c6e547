/**
 * Loads what speaks to SQLite.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { StoreError } from '../../src/errors.ts';
import type { Driver, DriverName } from './driver.ts';
import { loadNodeSqlite } from './node-sqlite.ts';

/** Loads a driver. Throws `StoreError` where it is missing. */
export function loadDriver(name: DriverName): Driver {
  return name === 'node:sqlite' ? loadNodeSqlite() : loadBetterSqlite();
}

/** Loads better-sqlite3, once it is known that this will not end the process. */
function loadBetterSqlite(): Driver {
  const require = createRequire(import.meta.url);
  let version: string;
  try {
    version = (require('better-sqlite3/package.json') as { version: string }).version;
  } catch (cause) {
    throw new StoreError(
      'The package better-sqlite3 is not installed. Run: npm install better-sqlite3@12' +
        ", or with Node 24.16 and newer use what Node has: sqliteStore(path, { driver: 'node:sqlite' })",
      'failed',
      { cause },
    );
  }
  checkDriver(version, process.versions.node);
  try {
    return require('better-sqlite3') as Driver;
  } catch (cause) {
    throw new StoreError(
      `better-sqlite3 ${version} cannot be loaded: ${(cause as Error).message}. Run: npm rebuild better-sqlite3`,
      'failed',
      { cause },
    );
  }
}

/**
 * Refuses better-sqlite3 13 and newer on Node before 22: there it ends the process with a segmentation
 * fault, without a word.
 *
 * @throws StoreError
 */
export function checkDriver(version: string, node: string): void {
  if (Number.parseInt(version) >= 13 && Number.parseInt(node) < 22) {
    throw new StoreError(
      `better-sqlite3 ${version} crashes on Node ${node}. Run: npm install better-sqlite3@12, or use Node 22 or newer.`,
      'failed',
    );
  }
}
