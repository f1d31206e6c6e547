/**
 * The store in Redis: `savepoint/redis`, through the package redis or ioredis.
 *
 * @module
 */
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
import { Connection } from './connection.ts';
import { checkClient, type RedisClient } from './driver.ts';
import { storeError } from './failure.ts';
import { Inbox } from './inbox.ts';
import { Leases } from './leases.ts';
import { checkServer } from './opening.ts';
import { patiently } from './patience.ts';
import { Questions } from './questions.ts';
import { Reads } from './reads.ts';
import { Rows } from './rows.ts';
import { Scans } from './scans.ts';
import { Wakes } from './wakes.ts';

export type { IoRedisClient, NodeRedisClient, RedisClient } from './driver.ts';

/** The options of `redisStore`. */
export interface RedisStoreOptions {
  /**
   * What all keys of the store begin with, before a colon. Default `'{savepoint}'`. The braces keep the keys
   * in one slot of a cluster; where there is one, another prefix needs them, too.
   */
  readonly prefix?: string | undefined;
}

/**
 * A store in a Redis server, for any number of processes. `client` is one of the package redis (4 to 6) or
 * ioredis (5, 6). It need not be connected and stays yours: the store makes connections of its own with its
 * options, and `close()` ends those.
 *
 * What it keeps is as safe as the server keeps it. With `appendonly yes` and `appendfsync always`, what was
 * answered survives a crash of the server and of its machine. With `appendfsync everysec`, up to a second of
 * it may be lost then, and without `appendonly` all since the last snapshot. A failover to a replica, by
 * Sentinel or in a cluster, may lose what the replica had not been sent yet, whatever the settings. What was lost is
 * lost as a whole: the runs go on from an earlier commit.
 *
 * A server that evicts keys is refused: it must have `maxmemory-policy noeviction`.
 *
 * ```ts
 * import { createClient } from 'redis';
 *
 * const store = redisStore(createClient({ url: 'redis://localhost:6379' }));
 * const runtime = createRuntime({ store, machines: [refund] });
 * ```
 *
 * @throws InvalidArgumentError
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkClient(client);
  const { prefix = '{savepoint}' } = options;
  if (typeof prefix !== 'string' || prefix === '') {
    throw new InvalidArgumentError(`prefix is a text that is not empty, such as '{savepoint}'.`);
  }
  return new RedisStore(client, prefix);
}

class RedisStore implements Store {
  readonly #name: string;
  readonly #connection: Connection;
  readonly #wakes: Wakes;
  readonly #leases: Leases;
  readonly #commits: Commits;
  readonly #reads: Reads;
  readonly #rows: Rows;
  readonly #inbox: Inbox;
  readonly #questions: Questions;
  readonly #scans: Scans;
  readonly #running = new Set<Promise<unknown>>();
  #checked: Promise<void> | undefined;
  #closed = false;

  constructor(client: RedisClient, prefix: string) {
    const name = (this.#name = `'${prefix}'`);
    const connection = (this.#connection = new Connection(client, prefix));
    this.#wakes = new Wakes(client, prefix);
    this.#leases = new Leases(connection);
    this.#commits = new Commits(connection, name, this.#wakes.teller);
    this.#reads = new Reads(connection);
    this.#rows = new Rows(connection, name);
    this.#inbox = new Inbox(connection, name, this.#wakes.teller);
    this.#questions = new Questions(connection);
    this.#scans = new Scans(connection, this.#leases);
  }

  lease(owner: string, ms: number): Promise<void> {
    return this.#use(() => this.#leases.lease(owner, ms));
  }

  acquire(run: string, owner: string): Promise<Acquired> {
    return this.#use(() => this.#leases.acquire(run, owner));
  }

  commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    const chunks = this.#commits.chunks(batch);
    return this.#use(() => this.#commits.write(chunks));
  }

  load(run: string, at?: number): Promise<CheckpointRow[]> {
    return this.#use(() => this.#reads.load(run, at));
  }

  enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    return this.#use(() => this.#inbox.enqueue(run, message, unless));
  }

  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    return this.#use(() =>
      kind === 'inbox' ? this.#inbox.scan(run, scan) : this.#rows.scan(run, kind, scan),
    );
  }

  questions(scan: QuestionScan): Promise<StoredQuestion[]> {
    return this.#use(() => this.#questions.list(scan));
  }

  runs(scan: RunScan): Promise<StoredRun[]> {
    return this.#use(() => this.#scans.runs(scan));
  }

  history(run: string, scan: HistoryScan): Promise<CheckpointSummary[]> {
    return this.#use(() => this.#reads.history(run, scan));
  }

  listen(wake: (run: string) => void): Promise<() => void> {
    return this.#use(() => this.#wakes.listen(wake));
  }

  /** Waits for the calls that are under way, if the server answers. */
  async close(): Promise<void> {
    this.#closed = true;
    await patiently(Promise.allSettled(this.#running), () => new Error('late')).catch(() => {});
    this.#wakes.close();
    this.#connection.close();
  }

  async #use<T>(body: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new StoreError(
        `The store ${this.#name} is closed. Make another one with redisStore().`,
        'failed',
      );
    }
    const call = this.#call(body);
    this.#running.add(call);
    try {
      return await call;
    } finally {
      this.#running.delete(call);
    }
  }

  async #call<T>(body: () => Promise<T>): Promise<T> {
    try {
      await this.#check();
      return await body();
    } catch (error) {
      throw storeError(this.#name, error);
    }
  }

  /** Once; where it failed, the next call tries again. */
  #check(): Promise<void> {
    return (this.#checked ??= checkServer(this.#connection, this.#name).catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    }));
  }
}
