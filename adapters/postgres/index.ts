/**
 * The store for many machines: a PostgreSQL database, through pg or a client like it.
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
import { isPool, type PostgresClient, type PostgresPool } from './client.ts';
import { Commits } from './commits.ts';
import { Connection } from './connection.ts';
import { storeError } from './failure.ts';
import { Hints } from './hints.ts';
import { Inbox } from './inbox.ts';
import { Leases } from './leases.ts';
import { channelOf, Listening } from './listening.ts';
import { Questions } from './questions.ts';
import { Reads } from './reads.ts';
import { Scans } from './scans.ts';
import { prepareSchema } from './schema.ts';
import type { WakeUps } from './wake-ups.ts';

export type { PostgresClient, PostgresPool, PostgresPoolClient, PostgresResult } from './client.ts';
export type { WakeUps } from './wake-ups.ts';

/** The options of `postgresStore`. */
export interface PostgresStoreOptions {
  /** The schema that has the tables, and nothing else: `'savepoint'`. It is created with them where it is missing. */
  readonly schema?: string | undefined;
  /** Has a queue in the same database see to runs: `graphileWorker({ pool }).wakeUps`. */
  readonly wakeUps?: WakeUps | undefined;
}

/**
 * A store in a PostgreSQL database, for any number of processes on any number of machines. Its tables are
 * created by the first call. A commit is as durable as the database's `synchronous_commit` makes it.
 *
 * ```ts
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * const runtime = createRuntime({ store: postgresStore(pool), machines: [refund] });
 * ```
 *
 * A pool should have two connections or more, as one of them waits for notifications. It stays open when
 * the store is closed. With a single client, its statements run one after another. An idle connection of
 * the pool that breaks does not end the process any more: it is replaced.
 *
 * @throws InvalidArgumentError
 */
export function postgresStore(
  pool: PostgresPool | PostgresClient,
  options: PostgresStoreOptions = {},
): Store {
  const { schema = 'savepoint', wakeUps } = options;
  if (typeof (pool as Partial<PostgresClient> | null | undefined)?.query !== 'function') {
    throw new InvalidArgumentError(
      'postgresStore(pool) needs a Pool or a Client of pg, or one with query(text, values).',
    );
  }
  if (
    typeof schema !== 'string' ||
    schema === '' ||
    schema.includes('\0') ||
    Buffer.byteLength(schema) > 63
  ) {
    throw new InvalidArgumentError(
      `schema is the name of a schema, of at most 63 bytes; not ${JSON.stringify(schema)}.`,
    );
  }
  return new PostgresStore(new Connection(pool, schema), wakeUps);
}

class PostgresStore implements Store {
  /** Absent where there is no pool to take a connection from, and where the server turns out to tell nothing. */
  listen?: (wake: (run: string) => void) => Promise<() => void>;
  readonly #listening: Listening | undefined;
  readonly #hints: Hints | undefined;
  #parts: Promise<Parts> | undefined;

  constructor(
    readonly connection: Connection,
    readonly wakeUps: WakeUps | undefined,
  ) {
    const { pool, schema } = connection;
    if (!isPool(pool)) return;
    const channel = channelOf(schema);
    const listening = new Listening(pool, channel);
    this.#listening = listening;
    this.#hints = new Hints(connection, channel);
    this.listen = async (wake) => {
      await this.#opened();
      return this.listen === undefined ? () => {} : listening.listen(wake);
    };
  }

  async lease(owner: string, ms: number): Promise<void> {
    return (await this.#opened()).leases.lease(owner, ms);
  }

  async acquire(run: string, owner: string): Promise<Acquired> {
    return (await this.#opened()).leases.acquire(run, owner);
  }

  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    return (await this.#opened()).commits.commit(batch);
  }

  async load(run: string, at?: number): Promise<CheckpointRow[]> {
    return (await this.#opened()).reads.load(run, at);
  }

  async enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    return (await this.#opened()).inbox.enqueue(run, message, unless);
  }

  async rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    const { inbox, reads } = await this.#opened();
    return kind === 'inbox' ? inbox.scan(run, scan) : reads.rows(run, kind, scan);
  }

  async questions(scan: QuestionScan): Promise<StoredQuestion[]> {
    return (await this.#opened()).questions.list(scan);
  }

  async runs(scan: RunScan): Promise<StoredRun[]> {
    return (await this.#opened()).scans.runs(scan);
  }

  async history(run: string, scan: HistoryScan): Promise<CheckpointSummary[]> {
    return (await this.#opened()).reads.history(run, scan);
  }

  close(): void {
    this.connection.close();
    this.#listening?.close();
    this.#hints?.close();
  }

  async #opened(): Promise<Parts> {
    this.connection.checkOpen();
    this.#parts ??= this.#open().catch((error: unknown) => {
      // The next call tries again.
      this.#parts = undefined;
      throw storeError(this.connection.schema, error, false);
    });
    return this.#parts;
  }

  async #open(): Promise<Parts> {
    const { connection, wakeUps } = this;
    const { isCockroach } = await prepareSchema(connection);
    await wakeUps?.prepare();
    if (isCockroach) delete this.listen;
    const hints = isCockroach ? undefined : this.#hints;
    const leases = new Leases(connection);
    const context = { schema: connection.quoted, wakeUps };
    return {
      leases,
      commits: new Commits(connection, context, isCockroach, (runs) => hints?.add(runs)),
      inbox: new Inbox(connection, wakeUps, isCockroach ? undefined : channelOf(connection.schema)),
      reads: new Reads(connection),
      questions: new Questions(connection),
      scans: new Scans(connection, leases),
    };
  }
}

interface Parts {
  readonly leases: Leases;
  readonly commits: Commits;
  readonly inbox: Inbox;
  readonly reads: Reads;
  readonly questions: Questions;
  readonly scans: Scans;
}
