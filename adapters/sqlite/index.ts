/**
 * The store for Node: one SQLite file, through better-sqlite3 or node:sqlite.
 *
 * @module
 */
import { resolve } from 'node:path';
import { InvalidArgumentError, StoreError } from '../../src/errors.ts';
import type {
  Acquired,
  CheckpointRow,
  CheckpointSummary,
  Enqueued,
  HistoryScan,
  Message,
  Outcome,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  RunScan,
  Store,
  StoredQuestion,
  StoredRun,
} from '../../src/store.ts';
import { Commits } from './commits.ts';
import { connect, type Connection } from './connection.ts';
import type { DriverName } from './driver.ts';
import { storeError } from './failure.ts';
import { Inbox } from './inbox.ts';
import { Keys } from './keys.ts';
import { Leases } from './leases.ts';
import { Line } from './line.ts';
import { Questions } from './questions.ts';
import { Reads } from './reads.ts';
import { Rows } from './rows.ts';
import { Scans } from './scans.ts';

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /**
   * `'full'` (the default): a commit is on the disk when it is answered. `'normal'`: several times as
   * fast, and a commit may be lost when the machine loses power; a crash of the process loses nothing.
   */
  readonly synchronous?: 'full' | 'normal' | undefined;
  /**
   * `'better-sqlite3'` (the default): the package of this name, which has to be installed. `'node:sqlite'`: what Node
   * has itself, from 24.16 on. Both read and write the same file.
   */
  readonly driver?: 'better-sqlite3' | 'node:sqlite' | undefined;
}

/**
 * A store in an SQLite file, for any number of processes on one machine. The file and its folders are
 * made where they are missing; if the file cannot be opened, the calls tell why. Needs the package
 * better-sqlite3, or a Node with SQLite in it and `driver: 'node:sqlite'`.
 *
 * ```ts
 * const runtime = createRuntime({ store: sqliteStore('data/runs.db'), machines: [refund] });
 * ```
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  if (typeof path !== 'string' || path === '') {
    throw new InvalidArgumentError('sqliteStore(path) needs the path of a file.');
  }
  const { synchronous = 'full', driver = 'better-sqlite3' } = options;
  if (synchronous !== 'full' && synchronous !== 'normal') {
    throw new InvalidArgumentError(`synchronous is 'full' or 'normal', not '${String(synchronous)}'.`);
  }
  if (driver !== 'better-sqlite3' && driver !== 'node:sqlite') {
    throw new InvalidArgumentError(`driver is 'better-sqlite3' or 'node:sqlite', not '${String(driver)}'.`);
  }
  return new SqliteStore(path === ':memory:' ? path : resolve(path), synchronous, driver);
}

class SqliteStore implements Store {
  #parts: Parts | undefined;
  #closed = false;
  readonly #line = new Line(() => this.#opened());

  constructor(
    readonly path: string,
    readonly synchronous: 'full' | 'normal',
    readonly driver: DriverName,
  ) {
    try {
      this.#parts = open(path, synchronous, driver);
    } catch {
      // The first call tries again.
    }
  }

  async lease(owner: string, ms: number): Promise<void> {
    await this.#inLine(({ leases }) => leases.lease(owner, ms));
    if (ms <= 0) this.#use(({ connection }) => connection.shrink());
  }

  acquire(run: string, owner: string): Promise<Acquired> {
    return this.#inLine(({ leases }) => leases.acquire(run, owner));
  }

  commit(batch: readonly RunCommit[]): Outcome[] {
    return this.#use(({ commits }) => commits.commit(batch));
  }

  load(run: string, at?: number): CheckpointRow[] {
    return this.#use(({ reads }) => reads.load(run, at));
  }

  enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    return this.#inLine(({ inbox }) => inbox.enqueue(run, message, unless));
  }

  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Pick<Row, 'key' | 'value'>[] {
    return this.#use(({ keys, inbox, rows }) => {
      const rid = keys.run(run);
      if (rid === undefined) return [];
      return kind === 'inbox' ? inbox.scan(rid, scan) : rows.scan(rid, kind, scan);
    });
  }

  questions(scan: QuestionScan): StoredQuestion[] {
    return this.#use(({ questions }) => questions.list(scan));
  }

  runs(scan: RunScan): StoredRun[] {
    return this.#use(({ scans }) => scans.runs(scan));
  }

  history(run: string, scan: HistoryScan): CheckpointSummary[] {
    return this.#use(({ reads }) => reads.history(run, scan));
  }

  close(): void {
    const parts = this.#parts;
    this.#closed = true;
    this.#parts = undefined;
    if (parts === undefined) return;
    try {
      parts.connection.close();
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  #use<T>(body: (parts: Parts) => T): T {
    try {
      const parts = this.#opened();
      return parts.connection.insist(() => body(parts));
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  async #inLine<T>(work: (parts: Parts) => T): Promise<T> {
    try {
      return await this.#line.add(work);
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  #opened(): Parts {
    if (this.#closed) {
      throw new StoreError(`The store in ${this.path} is closed. Open it with sqliteStore().`, 'failed');
    }
    return (this.#parts ??= open(this.path, this.synchronous, this.driver));
  }
}

interface Parts {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly rows: Rows;
  readonly inbox: Inbox;
  readonly questions: Questions;
  readonly leases: Leases;
  readonly commits: Commits;
  readonly reads: Reads;
  readonly scans: Scans;
}

function open(path: string, synchronous: 'full' | 'normal', driver: DriverName): Parts {
  const connection = connect(path, synchronous, driver);
  const keys = new Keys(connection);
  const rows = new Rows(connection);
  const inbox = new Inbox(connection, keys, rows);
  const questions = new Questions(connection);
  const leases = new Leases(connection, keys);
  return {
    connection,
    keys,
    rows,
    inbox,
    questions,
    leases,
    commits: new Commits(connection, keys, rows, inbox, questions),
    reads: new Reads(connection, keys),
    scans: new Scans(connection, leases),
  };
}
