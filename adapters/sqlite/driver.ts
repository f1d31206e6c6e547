/**
 * better-sqlite3 as far as it is used here: the shape of all that speaks to SQLite.
 *
 * @module
 */
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
