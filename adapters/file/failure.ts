/**
 * What the disk says, in the words of the contract.
 *
 * @module
 */
import { SavepointError, StoreError } from '../../src/errors.ts';
import type { Outcome } from '../../src/store.ts';

/** A code of the system, what it means for the user, and whether to try again. */
const meanings: Readonly<Record<string, readonly [wayOut: string, retry: boolean]>> = {
  ENOSPC: ['its disk is full; free some space', true],
  EDQUOT: ['the quota of this user is used up; free some space', true],
  EFBIG: ['a file would be larger than this process may write; raise the limit', true],
  EIO: ['its disk failed to read or write', true],
  EAGAIN: ['the system is busy; try again', true],
  EBUSY: ['the system is busy; try again', true],
  EMFILE: ['this process has too many files open', true],
  ENFILE: ['too many files are open on this machine', true],
  ENOMEM: ['there was not enough memory', true],
  EACCES: ['it may not be read and written by this process; give it the right to', false],
  EPERM: ['it may not be read and written by this process; give it the right to', false],
  EROFS: ['it is read-only; choose another folder', false],
  ENOTDIR: ['a file is in the way; choose another folder, or move the file away', false],
  EEXIST: ['a file is in the way; choose another folder, or move the file away', false],
  ENOENT: ['a part of it is gone; bring it back, or open the store anew', false],
};

function meaningOf(error: unknown): (typeof meanings)[string] | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? meanings[code] : undefined;
}

/** A `StoreError` that names the folder and the way out; an error of this package is returned as it is. */
export function storeError(
  path: string,
  error: unknown,
  outcome: StoreError['outcome'] = 'failed',
): SavepointError {
  if (SavepointError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const wayOut = meaningOf(error)?.[0];
  const message = wayOut === undefined ? reason : `${wayOut} (${reason})`;
  return new StoreError(`The store in ${path} failed: ${message}.`, outcome, { cause: error });
}

/** The same as the outcome of a commit of which nothing was written. */
export function failed(path: string, error: unknown): Outcome {
  return { status: 'failed', error: storeError(path, error), retry: meaningOf(error)?.[1] ?? false };
}
