/**
 * The store for browsers: one IndexedDB database, for all tabs of a site.
 *
 * @module
 */
import { InvalidArgumentError } from '../../src/errors.ts';
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
import { history, load } from './checkpoints.ts';
import { Commits } from './commits.ts';
import { Connection } from './connection.ts';
import { storeError } from './failure.ts';
import { enqueue, messages } from './inbox.ts';
import { Leases } from './leases.ts';
import { questions } from './question-scans.ts';
import { rows } from './rows.ts';
import { runs, runStores } from './run-scans.ts';
import { TabChannel } from './tab-channel.ts';
import { TabLocks } from './tab-locks.ts';

/** The options of `indexedDBStore`. */
export interface IndexedDBStoreOptions {
  /**
   * `'strict'` (the default): a commit is on the disk when it is answered. `'relaxed'`: faster, and the last
   * commits may be lost when the machine loses power; a crash of the tab loses nothing.
   */
  readonly durability?: 'strict' | 'relaxed' | undefined;
  /**
   * Asks the browser, at the first use, not to clear away this site's data when its disk is full. It may ask
   * the user, and may say no; `navigator.storage.persisted()` tells. Default false.
   */
  readonly persist?: boolean | undefined;
}

/**
 * A store in an IndexedDB database of the page's site, for any number of tabs and workers. The database is
 * made where it is missing; nothing is opened before the first call. Needs the package idb.
 *
 * ```ts
 * const runtime = createRuntime({ store: indexedDBStore('forms'), machines: [signup] });
 * ```
 *
 * A tab that is closed or crashes frees its runs at once where the browser has Web Locks (https or
 * localhost); else, and where a tab is frozen, when its lease ends.
 *
 * A browser may clear a site away. Chromium 147 did so in 3 of 430 starts after all of its processes had been killed at
 * once: the run is then not found. What must never be lost is to be on a server as well.
 */
export function indexedDBStore(name: string, options: IndexedDBStoreOptions = {}): Store {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError('indexedDBStore(name) needs the name of a database.');
  }
  const { durability = 'strict', persist = false } = options;
  if (durability !== 'strict' && durability !== 'relaxed') {
    throw new InvalidArgumentError(`durability is 'strict' or 'relaxed', not '${String(durability)}'.`);
  }
  if (typeof persist !== 'boolean') {
    throw new InvalidArgumentError(`persist is true or false, not '${String(persist)}'.`);
  }
  return new IndexedDBStore(name, durability, persist);
}

class IndexedDBStore implements Store {
  readonly listen?: NonNullable<Store['listen']>;
  readonly #connection: Connection;
  readonly #channel: TabChannel;
  readonly #leases: Leases;
  readonly #commits: Commits;

  constructor(
    readonly name: string,
    durability: 'strict' | 'relaxed',
    persist: boolean,
  ) {
    this.#connection = new Connection(name, durability, persist);
    this.#channel = new TabChannel(name);
    this.#leases = new Leases(this.#connection, new TabLocks(name));
    this.#commits = new Commits(this.#connection);
    if (TabChannel.isSupported) this.listen = (wake) => this.#channel.listen(wake);
  }

  async lease(owner: string, ms: number): Promise<void> {
    await this.#named(this.#leases.lease(owner, ms));
  }

  async acquire(run: string, owner: string): Promise<Acquired> {
    return this.#named(this.#leases.acquire(run, owner));
  }

  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    const outcomes = await this.#commits.commit(batch);
    this.#channel.post(batch.filter((_, i) => outcomes[i]?.status === 'committed').map(({ run }) => run));
    return outcomes;
  }

  load(run: string, at?: number): Promise<CheckpointRow[]> {
    return this.#connection.read(['fences', 'checkpoints'], (tx) => load(tx, run, at));
  }

  async enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    const enqueued = await this.#named(enqueue(this.#connection, run, message, unless));
    if (enqueued.status === 'queued') this.#channel.post([run]);
    return enqueued;
  }

  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    return kind === 'inbox'
      ? this.#connection.read(['inbox'], (tx) => messages(tx, run, scan))
      : this.#connection.read(['rows'], (tx) => rows(tx, run, kind, scan));
  }

  questions(scan: QuestionScan): Promise<StoredQuestion[]> {
    return this.#connection.read(['questions'], (tx) => questions(tx, scan));
  }

  async runs(scan: RunScan): Promise<StoredRun[]> {
    if (scan.free === true) await this.#named(this.#leases.dropGone());
    return this.#connection.read(runStores, (tx) => runs(tx, scan));
  }

  history(run: string, scan: HistoryScan): Promise<CheckpointSummary[]> {
    return this.#connection.read(['checkpoints'], (tx) => history(tx, run, scan));
  }

  close(): void {
    this.#connection.close();
    this.#channel.close();
  }

  async #named<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw storeError(this.name, error);
    }
  }
}
