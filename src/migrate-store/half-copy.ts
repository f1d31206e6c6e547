/**
 * A copy that is not whole yet. It has the name of no machine, so that nobody opens it, and is in quarantine, so that
 * nobody recovers or deletes it; `runtime.list()` tells why.
 */
import { StoreError } from '../errors.ts';
import type { Head } from '../store.ts';
import type { Side } from './side.ts';

const MACHINE = 'savepoint.halfCopy';

const more = JSON.stringify({
  starter: MACHINE,
  error: {
    name: 'HalfCopyError',
    message: 'it is half a copy; migrateStore() makes it whole when it is called again',
  },
});

/** The head of a run for as long as it is copied. */
export const halfHead = ({ createdAt }: Head): Head => ({
  machine: MACHINE,
  status: 'quarantined',
  createdAt,
  tags: [],
  more,
});

/** Was a run left behind by a migration that was stopped? */
export const isHalf = ({ machine }: Head): boolean => machine === MACHINE;

/** Takes a half copy away, so that it can be made anew. */
export async function removeHalf(to: Side, run: string): Promise<void> {
  const fence = await to.acquire(run);
  // A tombstone that is gone in a moment: the id is needed.
  if (fence !== undefined) await to.write({ run, fence, remove: 1 });
}

/** A store that is half copied is no source. */
export function checkWhole(run: string, head: Head): void {
  if (isHalf(head))
    throw new StoreError(
      `The run '${run}' is half a copy, left by a migration that was stopped. Finish that one first, from the store that it copies.`,
      'failed',
    );
}
