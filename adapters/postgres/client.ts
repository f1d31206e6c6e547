/**
 * The drivers as far as they are used here.
 *
 * @module
 */

/** What a query answers with. */
export interface PostgresResult {
  // A driver's own type of a row says less, or more.
  readonly rows: readonly unknown[];
}

/** One connection: a `Client` of pg, or any client with `query(text, values)`. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>;
}

/** A connection that goes back to its pool. */
export interface PostgresPoolClient extends PostgresClient {
  /** With an error: the connection is of no use any more. */
  release(error?: Error | boolean): void;
}

/** Many connections: a `Pool` of pg, or one that looks like it. */
export interface PostgresPool extends PostgresClient {
  connect(): Promise<PostgresPoolClient>;
}

/** What pg's clients and pools, and some others, tell beside their answers. */
export interface Emitter {
  on?(event: string, listener: () => void): unknown;
}

/** A client that has the server plan a statement once, and then knows it by its name. */
interface NamingClient {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<PostgresResult>;
}

/** A `Client` of pg has `connect` as well, which opens it; but only a client can tell how to quote. */
export function isPool(client: PostgresPool | PostgresClient): client is PostgresPool {
  return 'connect' in client && typeof client.connect === 'function' && !('escapeIdentifier' in client);
}

/** How many connections a pool has at most, as far as it tells: pg's own do. */
export function connectionsOf(pool: PostgresPool | PostgresClient): number {
  const { options } = pool as { readonly options?: { readonly max?: unknown } };
  return typeof options?.max === 'number' ? options.max : Infinity;
}

/** pg's own clients do, and no other one has this property. */
export function knowsNames(client: PostgresClient): client is PostgresClient & NamingClient {
  return 'connectionParameters' in client;
}

const listenedTo = new WeakSet<object>();

/**
 * An error that nobody listens for ends the process, and pg tells of each connection that breaks. Whoever
 * waits for an answer is told by that as well.
 */
export function listenForErrors(emitter: object & Emitter): void {
  if (listenedTo.has(emitter)) return;
  listenedTo.add(emitter);
  emitter.on?.('error', () => {});
}
