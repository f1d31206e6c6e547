/**
 * A file, opened and ready.
 *
 * @module
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database, DriverName, Statement } from './driver.ts';
import { loadDriver } from './load-driver.ts';
import { standingStill } from './patience.ts';
import { checkSchema, migrate } from './schema.ts';

/** How long a call waits for another process's write, in milliseconds. This process stands still meanwhile. */
const busyTimeout = 1000;

/** A write-ahead log of fewer bytes is not worth a wait. */
const smallLog = 256 * 1024;
/**
 * How far the write-ahead log may grow, in pages of 4 KB. Emptying it syncs twice: nothing beside a sync at
 * each commit, but with `normal` it is the only sync there is, and a quarter of that made commits a third
 * slower.
 */
const checkpointPages = { full: 256, normal: 3000 };

/** An open file with the means of a transaction. */
export class Connection {
  readonly #begin: Statement;
  readonly #read: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;
  readonly #undo: Statement;
  readonly #onRollback: (() => void)[] = [];
  #waits = true;

  constructor(
    readonly path: string,
    readonly db: Database,
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#read = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#rollback = db.prepare('ROLLBACK');
    this.#savepoint = db.prepare('SAVEPOINT one');
    this.#release = db.prepare('RELEASE one');
    this.#undo = db.prepare('ROLLBACK TO one');
  }

  prepare(sql: string): Statement {
    return this.db.prepare(sql);
  }

  /** Runs `body` in a transaction that may write from its first statement on, or in the one that is going on. */
  write<T>(body: () => T): T {
    return this.db.inTransaction ? body() : this.#transaction(this.#begin, body);
  }

  /** Runs `body` within a transaction: where it throws, nothing of it stays, and the transaction goes on. */
  within<T>(body: () => T): T {
    this.#savepoint.run();
    try {
      const result = body();
      this.#release.run();
      return result;
    } catch (error) {
      if (this.db.inTransaction) {
        this.#undo.run();
        this.#release.run();
      }
      this.rolledBack();
      throw error;
    }
  }

  /** Runs `body` on one state of the file. */
  read<T>(body: () => T): T {
    return this.#transaction(this.#read, body);
  }

  /** Called after each rollback: what was remembered from inside the transaction is not true. */
  onRollback(listener: () => void): void {
    this.#onRollback.push(listener);
  }

  rolledBack(): void {
    for (const listener of this.#onRollback) listener();
  }

  /**
   * Moves the write-ahead log into the file and empties it, if it is large and nobody else is busy with it.
   * A small one is left: whoever writes first into an empty log waits for the disk.
   */
  shrink(): void {
    const log = statSync(`${this.path}-wal`, { throwIfNoEntry: false });
    if (!log || log.size < smallLog) return;
    this.withoutWaiting(() => this.db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  /** Runs `body` so that it fails at once where another process is in its way. */
  withoutWaiting<T>(body: () => T): T {
    const before = this.#waits;
    this.#waits = false;
    try {
      return body();
    } finally {
      this.#waits = before;
    }
  }

  /** Runs `body`, and again as long as another process is in its way. */
  insist<T>(body: () => T): T {
    return this.#waits ? standingStill(body, busyTimeout) : body();
  }

  close(): void {
    try {
      this.shrink();
    } finally {
      this.db.close();
    }
  }

  #transaction<T>(begin: Statement, body: () => T): T {
    this.insist(() => begin.run());
    try {
      const result = body();
      this.#commit.run();
      return result;
    } catch (error) {
      // After a full disk, say, SQLite has rolled back by itself.
      if (this.db.inTransaction) this.#rollback.run();
      this.rolledBack();
      throw error;
    }
  }
}

/** Opens a file, creates it and its folders where they are missing, and brings its tables up to date. */
export function connect(path: string, synchronous: 'full' | 'normal', driver: DriverName): Connection {
  const Driver = loadDriver(driver);
  mkdirSync(dirname(path), { recursive: true });
  // SQLite's own waiting knows pauses of a tenth of a second: with many writers, the file would be idle for most of the time.
  const db = new Driver(path, { timeout: 0 });
  try {
    standingStill(() => {
      const schema = checkSchema(db, path);
      db.pragma('journal_mode = WAL');
      db.pragma(`synchronous = ${synchronous}`);
      db.pragma(`wal_autocheckpoint = ${checkpointPages[synchronous]}`);
      // A large commit makes the log large; it gives the room back when it starts over. Twice its usual
      // size, as growing a file anew is slow.
      db.pragma(`journal_size_limit = ${checkpointPages[synchronous] * 4096 * 2}`);
      if (schema === 'older') migrate(db, path);
    });
    return new Connection(path, db);
  } catch (error) {
    db.close();
    throw error;
  }
}
