/**
 * What servers and drivers say, in the words of the contract.
 *
 * @module
 */
import { SavepointError, StoreError } from '../../src/errors.ts';
import type { Outcome } from '../../src/store.ts';

/** The first word of an answer, what it means for the user, and whether the same may go well later. */
const meanings: Readonly<Record<string, readonly [wayOut: string, retry: boolean]>> = {
  OOM: ['its memory is full; free some, or raise maxmemory', true],
  MISCONF: ['it cannot write to its disk; free some space, and look into its log', true],
  READONLY: ['it is a replica, which takes no writes; connect to the master', true],
  LOADING: ['it is still reading its data; try again', true],
  BUSY: ['a script of somebody else keeps it busy; try again', true],
  MASTERDOWN: ['it has lost its master; try again', true],
  CLUSTERDOWN: ['its cluster is down; try again', true],
  TRYAGAIN: ['its cluster is being moved; try again', true],
  NOREPLICAS: ['too few replicas follow it (min-replicas-to-write)', true],
  UNBLOCKED: ['it was demoted to a replica; try again', true],
  MOVED: ['the keys lie on another node of its cluster; connect to that one', false],
  CROSSSLOT: ["its keys must lie in one slot of a cluster: use a prefix such as '{savepoint}'", false],
  NOAUTH: ['it wants a password; give one to the client', false],
  WRONGPASS: ['it does not know this user or password', false],
  NOPERM: ['this user may not do that; let it run scripts (+@scripting) over the keys of the store', false],
  WRONGTYPE: ['a key of the store is of another type; it was written by somebody else', false],
  DAMAGED: [
    'what is stored there is damaged, or was written by somebody else; restore it from a backup',
    false,
  ],
};

/** The first word of what a server answers. `undefined`: the error is one of the connection. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? /^([A-Z][A-Z\d]+)(?: |$)/.exec(error.message)?.[1] : undefined;
}

/** Whether the server said that it did nothing for now: so early that the same can be asked again at once. */
export function isNotReady(error: unknown): boolean {
  return ['LOADING', 'BUSY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN'].includes(codeOf(error) ?? '');
}

/** Whether the same again may go well. */
function mayRetry(error: unknown): boolean {
  return error instanceof ConnectionError || (meanings[codeOf(error) ?? '']?.[1] ?? false);
}

/** There is no connection, or it was lost. */
export class ConnectionError extends Error {
  constructor(
    message: string,
    /** Whether the server may have done what it was asked. */
    readonly isUnknown: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A `StoreError` that names the store and the way out; an error of this package is returned as it is. */
export function storeError(store: string, error: unknown): SavepointError {
  if (SavepointError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const wayOut = meanings[codeOf(error) ?? '']?.[0];
  const message = wayOut === undefined ? reason : `${wayOut} (Redis says: ${reason})`;
  const isUnknown = error instanceof ConnectionError && error.isUnknown;
  return new StoreError(
    `The store ${store} failed: ${message}.`,
    isUnknown ? 'unknown' : 'failed',
    error instanceof ConnectionError ? { cause: error.cause } : { cause: error },
  );
}

/** The same as the outcome of a commit. */
export function failed(store: string, error: unknown): Outcome {
  return { status: 'failed', error: storeError(store, error), retry: mayRetry(error) };
}
