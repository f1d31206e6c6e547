/**
 * better-sqlite3 as far as it is used here, and the way to load it or what stands in for it.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { StoreError } from '../../src/errors.ts';
import { loadNodeSqlite } from './node-sqlite.ts';

/** What can be bound to a parameter. */
export type Bindable = string | number | Uint8Array | null;

/** A prepared statement. */
export interface Statement {
  run(...parameters: readonly Bindable[]): { changes: number; lastInsertRowid: number | bigint };
  get(...parameters: readonly Bindable[]): unknown;
  all(...parameters: readonly Bindable[]): unknown[];
  pluck(): Statement;
  raw(): Statement;
}

/** A connection to one file. */
export interface Database {
  readonly inTransaction: boolean;
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  pragma(sql: string, options?: { simple?: boolean }): unknown;
  close(): unknown;
}

/** The constructor that better-sqlite3 exports. */
export type Driver = new (path: string, options?: { timeout?: number }) => Database;

/** What speaks to SQLite: the package, or what Node has itself. */
export type DriverName = 'better-sqlite3' | 'node:sqlite';

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
