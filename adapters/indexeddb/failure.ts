/**
 * What a browser throws, in the words of the contract.
 *
 * @module
 */
import { SavepointError, StoreError } from '../../src/errors.ts';
import type { Outcome } from '../../src/store.ts';

/** A name of a DOMException, what it means for the user, and whether to try again. */
const meanings: Readonly<Record<string, readonly [wayOut: string, retry: boolean]>> = {
  QuotaExceededError: [
    'the browser has no more room for this site; delete runs or prune their history, or free space on the disk',
    true,
  ],
  VersionError: [
    'it was written by a newer savepoint; reload the page to get the newest code; the database was not changed',
    false,
  ],
  SecurityError: ['the browser lets this page store nothing; allow cookies and site data for it', false],
  DataError: ['a key is one that IndexedDB cannot store', false],
  DataCloneError: ['a value is one that IndexedDB cannot store', false],
  NotReadableError: ['the browser lost a part of what it stored', false],
  InvalidStateError: ['the browser closed it, or does not open it in this window', true],
  AbortError: ['the browser cut a transaction off; try again', true],
  UnknownError: ['the browser could not read or write its files, or a value is too large for it', true],
};

/** How a transaction ended that did not complete. */
export class TransactionError extends Error {
  constructor(
    override readonly cause: unknown,
    /** False: it was told to commit, and the browser does not say what became of that. */
    readonly isKnown: boolean,
  ) {
    super('The transaction did not complete.', { cause });
  }
}

/** The name of a DOMException, or of what caused a transaction to end. */
export function nameOf(error: unknown): string | undefined {
  const { name } = (causeOf(error) ?? {}) as { name?: unknown };
  return typeof name === 'string' ? name : undefined;
}

/** Whether the same again may go well. */
function mayRetry(error: unknown): boolean {
  return meanings[nameOf(error) ?? '']?.[1] ?? false;
}

/** Whether one commit of a batch can be the reason, so that the others may go well without it. */
export function isOfOneCommit(error: unknown): boolean {
  return error instanceof TransactionError && error.isKnown && nameOf(error) !== 'AbortError';
}

/** A `StoreError` that names the database and the way out; an error of this package is returned as it is. */
export function storeError(database: string, error: unknown): SavepointError {
  const cause = causeOf(error);
  if (SavepointError.isInstance(cause)) return cause;
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const wayOut = meanings[nameOf(cause) ?? '']?.[0];
  const message = wayOut === undefined ? reason : `${wayOut} (${reason})`;
  const isKnown = !(error instanceof TransactionError) || error.isKnown;
  return new StoreError(`The database '${database}' failed: ${message}.`, isKnown ? 'failed' : 'unknown', {
    cause,
  });
}

/** The same as the outcome of a commit. */
export function failed(database: string, error: unknown): Outcome {
  return { status: 'failed', error: storeError(database, error), retry: mayRetry(error) };
}

/** What calls after `close()` fail with. */
export function closedError(database: string): StoreError {
  return new StoreError(`The store in '${database}' is closed. Open it with indexedDBStore().`, 'failed');
}

function causeOf(error: unknown): unknown {
  return error instanceof TransactionError ? error.cause : error;
}
