/**
 * What better-sqlite3 throws, in the words of the contract. SQLite rolls back what it could not finish,
 * so the outcome of a failure is always known: nothing was written.
 *
 * @module
 */
import { SavepointError, StoreError } from '../../src/errors.ts';
import type { Outcome } from '../../src/store.ts';

/** The beginning of an SQLite result code, what it means for the user, and whether to try again. */
const meanings: readonly (readonly [code: string, wayOut: string, retry: boolean])[] = [
  ['SQLITE_NOTADB', 'it is not an SQLite database; choose another path, or move the file away', false],
  [
    'SQLITE_CORRUPT',
    'it is damaged or cut short; restore it from a backup, or save what is left with: sqlite3 <file> .recover',
    false,
  ],
  ['SQLITE_READONLY', 'it is read-only; give this process the right to write the file and its folder', false],
  ['SQLITE_CANTOPEN', 'it cannot be opened or created; check that its folder may be read and written', false],
  ['SQLITE_PERM', 'this process may not read and write it', false],
  ['SQLITE_BUSY', 'another process was writing to it for too long; try again', true],
  ['SQLITE_LOCKED', 'another connection was writing to it for too long; try again', true],
  ['SQLITE_PROTOCOL', 'too many processes were opening it at once; try again', true],
  ['SQLITE_FULL', 'its disk is full; free some space', true],
  ['SQLITE_IOERR', 'its disk failed to read or write', true],
  ['SQLITE_NOMEM', 'there was not enough memory', true],
  ['SQLITE_TOOBIG', 'a value is larger than SQLite can store (1 GB)', false],
];

function meaningOf(error: unknown): (typeof meanings)[number] | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  // The driver itself refuses a value that is too long before SQLite sees it.
  const name = error instanceof RangeError ? 'SQLITE_TOOBIG' : code;
  return typeof name === 'string' ? meanings.find(([start]) => name.startsWith(start)) : undefined;
}

/** Whether the same again may go well. */
export function mayRetry(error: unknown): boolean {
  return meaningOf(error)?.[2] ?? false;
}

/** Whether another process or connection was in the way. */
export function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code);
}

/** A `StoreError` that names the file and the way out; an error of this package is returned as it is. */
export function storeError(path: string, error: unknown): SavepointError {
  if (SavepointError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const wayOut = meaningOf(error)?.[1];
  const message = wayOut === undefined ? reason : `${wayOut} (SQLite says: ${reason})`;
  return new StoreError(`The store in ${path} failed: ${message}.`, 'failed', { cause: error });
}

/** The same as the outcome of a commit. */
export function failed(path: string, error: unknown): Outcome {
  return { status: 'failed', error: storeError(path, error), retry: mayRetry(error) };
}
