/**
 * Queries over a pool, or over the one client that was given.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { StoreError } from '../../src/errors.ts';
import {
  connectionsOf,
  isPool,
  knowsNames,
  listenForErrors,
  type PostgresClient,
  type PostgresPool,
  type PostgresPoolClient,
} from './client.ts';
import { QueryError, storeError } from './failure.ts';
import { Turnstile } from './turnstile.ts';

/** How often a transaction is tried again that others got in the way of. */
const mostCollisions = 20;

/** How long a server is waited for that is away, in milliseconds: less than half a lease. */
const patience = 5000;

/** The longest pause between two attempts. */
const longestPause = 250;

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
  /** Does its text come again and again? Then the server plans it once. */
  readonly isFrequent?: boolean;
  /** Does it go past all others that wait for a connection? */
  readonly isUrgent?: boolean;
}

/** Connections of a pool that stay out of reach: one listens, and one is for what is urgent. */
const keptFree = 2;

/** Inside a transaction. */
export type Query = (text: string, values?: unknown[]) => Promise<readonly unknown[]>;

/** All that the parts of a store know of the driver. */
export class Connection {
  /** The name of the schema, quoted. */
  readonly quoted: string;
  #isClosed = false;
  #usesNames = true;
  /** With a single client: what runs on it now. */
  #busy: Promise<unknown> = Promise.resolve();
  readonly #names = new Map<string, string>();
  readonly #turnstile: Turnstile;

  constructor(
    readonly pool: PostgresPool | PostgresClient,
    readonly schema: string,
  ) {
    this.quoted = `"${schema.replaceAll('"', '""')}"`;
    listenForErrors(pool);
    this.#turnstile = new Turnstile(Math.max(1, connectionsOf(pool) - keptFree));
  }

  close(): void {
    this.#isClosed = true;
  }

  checkOpen(): void {
    if (!this.#isClosed) return;
    throw new StoreError(
      `The store in the schema '${this.schema}' of PostgreSQL is closed. Open it with postgresStore().`,
      'failed',
    );
  }

  /** Rows of a query that writes nothing. @throws StoreError */
  read(text: string, values: unknown[] = []): Promise<readonly unknown[]> {
    return this.repeat({ text, values });
  }

  /** Rows of a statement that may be carried out twice: a lost connection does not end it. @throws StoreError */
  repeat(statement: Statement): Promise<readonly unknown[]> {
    return this.#patiently(statement, false);
  }

  /** Rows of a statement that writes. @throws StoreError, which tells whether it is known what was written */
  write(statement: Statement): Promise<readonly unknown[]> {
    return this.#patiently(statement, true);
  }

  /** The server may be away for a moment: it is waited for, for a while. Commits do without: the core tries them again. */
  async #patiently(statement: Statement, isOnce: boolean): Promise<readonly unknown[]> {
    const deadline = performance.now() + patience;
    for (let pause = 10; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        return await this.run(statement);
      } catch (error) {
        const isAway = error instanceof QueryError && error.isLost && error.mayRetry;
        const mayRepeat = isAway && (error.isKnown || !isOnce);
        if (!mayRepeat || performance.now() > deadline) throw storeError(this.schema, error, isOnce);
        await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
      }
    }
  }

  /** One statement, which is a transaction of its own. @throws QueryError */
  run(statement: Statement): Promise<readonly unknown[]> {
    return this.#again((client) => this.#query(client, statement), statement.isUrgent);
  }

  /** Several statements, all or none. @throws QueryError, or what `body` throws */
  transaction<T>(body: (query: Query) => Promise<T>): Promise<T> {
    return this.#again(async (client) => {
      // Without a COMMIT, a connection that is lost has written nothing.
      const query: Query = (text, values) => ask(client, text, values, false);
      await query('BEGIN');
      let answer: T;
      try {
        answer = await body(query);
      } catch (error) {
        if (!(error instanceof QueryError) || !error.isLost) await query('ROLLBACK');
        throw error;
      }
      await ask(client, 'COMMIT', [], true);
      return answer;
    });
  }

  async #again<T>(body: (client: PostgresClient) => Promise<T>, isUrgent = false): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withClient(body, isUrgent);
      } catch (error) {
        if (!(error instanceof QueryError) || !error.isCollision || attempt === mostCollisions) throw error;
        // At random, or transactions that met once would meet each time.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * attempt));
      }
    }
  }

  async #withClient<T>(body: (client: PostgresClient) => Promise<T>, isUrgent: boolean): Promise<T> {
    this.checkOpen();
    const { pool } = this;
    if (!isPool(pool)) {
      const turn = this.#busy.then(() => body(pool));
      this.#busy = turn.catch(() => {});
      return turn;
    }
    if (isUrgent) return this.#withPoolClient(pool, body);
    await this.#turnstile.enter();
    try {
      return await this.#withPoolClient(pool, body);
    } finally {
      this.#turnstile.leave();
    }
  }

  async #withPoolClient<T>(pool: PostgresPool, body: (client: PostgresClient) => Promise<T>): Promise<T> {
    let client: PostgresPoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw new QueryError(error, false);
    }
    listenForErrors(client);
    try {
      const answer = await body(client);
      client.release();
      return answer;
    } catch (error) {
      client.release(error instanceof QueryError && error.isLost ? error : undefined);
      throw error;
    }
  }

  async #query(client: PostgresClient, statement: Statement): Promise<readonly unknown[]> {
    const { text, values, isFrequent = false } = statement;
    if (!isFrequent || !this.#usesNames || !knowsNames(client)) return ask(client, text, values, true);
    try {
      return (await client.query({ name: this.#nameOf(text), text, values })).rows;
    } catch (cause) {
      const error = new QueryError(cause, true);
      if (!error.isAboutNames) throw error;
      this.#usesNames = false;
      return ask(client, text, values, true);
    }
  }

  /** The same text has the same name everywhere, so that no pooler brings the wrong one. */
  #nameOf(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `savepoint_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
      this.#names.set(text, name);
    }
    return name;
  }
}

async function ask(
  client: PostgresClient,
  text: string,
  values: unknown[] = [],
  isSent: boolean,
): Promise<readonly unknown[]> {
  try {
    return (await client.query(text, values)).rows;
  } catch (error) {
    throw new QueryError(error, isSent);
  }
}
