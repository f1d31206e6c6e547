/**
 * node:sqlite in the shape of better-sqlite3, as far as it is used here.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Bindable, Database, Driver, Statement } from './driver.ts';

/** A statement of node:sqlite. */
interface NodeStatement {
  run(...parameters: readonly Bindable[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...parameters: readonly Bindable[]): unknown;
  all(...parameters: readonly Bindable[]): unknown[];
  setReturnArrays(enabled: boolean): void;
}

/** A connection of node:sqlite. */
interface NodeDatabase {
  readonly isTransaction: boolean;
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}

/** What node:sqlite exports. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options: { timeout?: number | undefined }) => NodeDatabase;
  readonly StatementSync: { readonly prototype: object };
}

/**
 * Loads node:sqlite.
 *
 * @throws StoreError where this Node has none, or one that cannot do enough.
 */
export function loadNodeSqlite(): Driver {
  const sqlite = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;
  if (sqlite === undefined || !isFit(sqlite)) {
    const why = sqlite === undefined ? 'which has none' : 'which cuts texts at NUL characters';
    throw new StoreError(
      `The driver 'node:sqlite' needs Node 24.16 or newer; this is ${process.versions.node}, ${why}. ` +
        `Use a newer Node, or leave the option 'driver' out and run: npm install better-sqlite3@12`,
      'failed',
    );
  }
  const { DatabaseSync } = sqlite;
  return class implements Database {
    readonly #db: NodeDatabase;

    constructor(path: string, { timeout }: { timeout?: number } = {}) {
      this.#db = named(() => new DatabaseSync(path, { timeout }));
    }

    get inTransaction(): boolean {
      return this.#db.isTransaction;
    }

    prepare(sql: string): Statement {
      return new AdaptedStatement(named(() => this.#db.prepare(sql)));
    }

    exec(sql: string): void {
      named(() => this.#db.exec(sql));
    }

    pragma(sql: string, { simple = false }: { simple?: boolean } = {}): unknown {
      const statement = this.prepare(`PRAGMA ${sql}`);
      return simple ? statement.pluck().get() : statement.all();
    }

    close(): void {
      named(() => this.#db.close());
    }
  };
}

/** Asked of Node itself, as several lines of releases learnt it at different times. */
function isFit({ DatabaseSync, StatementSync }: NodeSqlite): boolean {
  if (!('setReturnArrays' in StatementSync.prototype)) return false;
  const db = new DatabaseSync(':memory:', {});
  const { text } = db.prepare('SELECT ? AS text').get('a\0b') as { text: string };
  db.close();
  return text === 'a\0b';
}

class AdaptedStatement implements Statement {
  readonly #statement: NodeStatement;
  #isPlucked = false;

  constructor(statement: NodeStatement) {
    this.#statement = statement;
  }

  // Each its own `try`: a function made for each call would cost as much as a small statement.
  run(...parameters: readonly Bindable[]): { changes: number; lastInsertRowid: number | bigint } {
    try {
      const { changes, lastInsertRowid } = this.#statement.run(...parameters);
      return { changes: Number(changes), lastInsertRowid };
    } catch (error) {
      throw withName(error);
    }
  }

  get(...parameters: readonly Bindable[]): unknown {
    try {
      const row = this.#statement.get(...parameters);
      return this.#isPlucked ? (row as unknown[] | undefined)?.[0] : row;
    } catch (error) {
      throw withName(error);
    }
  }

  all(...parameters: readonly Bindable[]): unknown[] {
    try {
      const rows = this.#statement.all(...parameters);
      return this.#isPlucked ? (rows as unknown[][]).map(([first]) => first) : rows;
    } catch (error) {
      throw withName(error);
    }
  }

  pluck(): this {
    this.#isPlucked = true;
    return this.raw();
  }

  raw(): this {
    this.#statement.setReturnArrays(true);
    return this;
  }
}

function named<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw withName(error);
  }
}

/** SQLite's primary result codes, as far as failure.ts knows them. */
const names: Readonly<Record<number, string>> = {
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  18: 'SQLITE_TOOBIG',
  26: 'SQLITE_NOTADB',
};

/** The same error; where it is SQLite's, with the code that better-sqlite3 would give it. */
function withName(error: unknown): unknown {
  const { errcode } = error as { errcode?: unknown };
  // The lower eight bits of an extended code are the primary one.
  const name = typeof errcode === 'number' ? names[errcode & 0xff] : undefined;
  return name === undefined ? error : Object.assign(error as Error, { code: name });
}
