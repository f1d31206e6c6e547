/**
 * What goes wrong between here and the server, in the words of the contract.
 *
 * @module
 */
import { SavepointError, StoreError } from '../../src/errors.ts';
import type { Outcome } from '../../src/store.ts';

/** The beginning of an SQLSTATE, what it means for the user, and whether the same again may go well. */
const meanings: readonly (readonly [start: string, wayOut: string, retry: boolean])[] = [
  ['53100', 'its disk is full; free some space', true],
  ['53300', 'it has no connection left; give the pool fewer, or the server more (max_connections)', true],
  ['53', 'it ran short of a resource; try again', true],
  ['55P03', 'somebody held a lock for too long; try again', true],
  ['57014', 'the statement was cancelled, or took longer than statement_timeout; try again', true],
  ['57', 'it is being stopped or started; try again', true],
  ['58', 'its machine failed; see its log', true],
  ['25006', 'it is read-only, as a standby is; connect to the primary', true],
  ['40', 'other writers were in the way again and again; try again', true],
  ['08', 'the connection failed; try again', true],
  ['28', 'it refused the user or the password; check the connection string', false],
  ['3D', 'the database does not exist; create it, or name another in the connection string', false],
  ['42501', 'this user may not do that; GRANT it the right, or create the schema beforehand', false],
  ['54000', 'an id or a key is longer than an index can hold (2.7 KB)', false],
];

/** Statements by name are lost, or are another's, behind a pooler that hands connections around. */
const nameCodes = ['26000', '42P05', '0A000'];

/** A query that failed. */
export class QueryError extends Error {
  /** The SQLSTATE that the server gave. */
  readonly code: string | undefined;
  /** True: nothing was written. False: the connection died before the answer came. */
  readonly isKnown: boolean;
  /** Is the connection of no use any more? */
  readonly isLost: boolean;

  constructor(cause: unknown, wasSent: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    const { code, severity } = (cause ?? {}) as { code?: unknown; severity?: unknown };
    const isServers = typeof code === 'string' && typeof severity === 'string';
    this.code = isServers ? code : undefined;
    // FATAL ends the session, and may come in place of the answer to a commit that took.
    this.isLost = !isServers || severity === 'FATAL' || severity === 'PANIC' || code === '40003';
    this.isKnown = !wasSent || !this.isLost || this.message.endsWith('is not queryable');
  }

  /** Did other transactions get in the way, so that this one is to be tried again at once? */
  get isCollision(): boolean {
    return this.isKnown && (this.code === '40001' || this.code === '40P01');
  }

  get isAboutNames(): boolean {
    return this.isKnown && this.code !== undefined && nameCodes.includes(this.code);
  }

  /** May the same go well later? A lost connection is made anew. */
  get mayRetry(): boolean {
    return this.#meaning?.[2] ?? this.code === undefined;
  }

  get wayOut(): string | undefined {
    return this.#meaning?.[1];
  }

  get #meaning(): (typeof meanings)[number] | undefined {
    const { code } = this;
    return code === undefined ? undefined : meanings.find(([start]) => code.startsWith(start));
  }
}

/**
 * A `StoreError` that names the schema and the way out; an error of this package is returned as it is.
 * `isWrite`: what may have been written must not be written twice.
 */
export function storeError(schema: string, error: unknown, isWrite: boolean): SavepointError {
  if (SavepointError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const where = `The store in the schema '${schema}' of PostgreSQL`;
  if (!(error instanceof QueryError)) {
    return new StoreError(`${where} failed: ${reason}.`, 'failed', { cause: error });
  }
  const cause = error.cause;
  if (isWrite && !error.isKnown) {
    return new StoreError(
      `${where} did not answer, and what was to be written may be there or not: the connection was lost (${reason}).`,
      'unknown',
      { cause },
    );
  }
  const said = error.code === undefined ? reason : `${error.code}, ${reason}`;
  const lost = error.code === undefined ? 'the server cannot be reached; try again' : undefined;
  const wayOut = error.wayOut ?? lost;
  const message = wayOut === undefined ? said : `${wayOut} (PostgreSQL says: ${said})`;
  return new StoreError(`${where} failed: ${message}.`, 'failed', { cause });
}

/** The same as the outcome of a commit that wrote nothing. */
export function failed(schema: string, error: QueryError): Outcome {
  return { status: 'failed', error: storeError(schema, error, true), retry: error.mayRetry };
}
