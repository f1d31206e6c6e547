/**
 * Queries over a pool, or over the one client that was given.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { StoreError } from '../../src/errors.ts';
import {
  isPool,
  knowsNames,
  listenForErrors,
  type PostgresClient,
  type PostgresPool,
  type PostgresPoolClient,
} from './client.ts';
import { QueryError, storeError } from './failure.ts';

/** How often a transaction is tried again that others got in the way of. */
const mostCollisions = 20;

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
  /** Does its text come again and again? Then the server plans it once. */
  readonly isFrequent?: boolean;
}

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

  constructor(
    readonly pool: PostgresPool | PostgresClient,
    readonly schema: string,
  ) {
    this.quoted = `"${schema.replaceAll('"', '""')}"`;
    listenForErrors(pool);
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
  async read(text: string, values: unknown[] = []): Promise<readonly unknown[]> {
    try {
      return await this.run({ text, values });
    } catch (error) {
      throw storeError(this.schema, error, false);
    }
  }

  /** Rows of a statement that writes. @throws StoreError, which tells whether it is known what was written. */
  async write(statement: Statement): Promise<readonly unknown[]> {
    try {
      return await this.run(statement);
    } catch (error) {
      throw storeError(this.schema, error, true);
    }
  }

  /** One statement, which is a transaction of its own. @throws QueryError */
  run(statement: Statement): Promise<readonly unknown[]> {
    return this.#again((client) => this.#query(client, statement));
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

  async #again<T>(body: (client: PostgresClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withClient(body);
      } catch (error) {
        if (!(error instanceof QueryError) || !error.isCollision || attempt === mostCollisions) throw error;
        // At random, or transactions that met once would meet each time.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * attempt));
      }
    }
  }

  async #withClient<T>(body: (client: PostgresClient) => Promise<T>): Promise<T> {
    this.checkOpen();
    const { pool } = this;
    if (!isPool(pool)) {
      const turn = this.#busy.then(() => body(pool));
      this.#busy = turn.catch(() => {});
      return turn;
    }
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
