/** A commit about a run that is held for nothing else: for its deletion, or to cut its history. */
import { FencedError, StoreError } from '../errors.ts';
import type { Lease } from '../lease.ts';
import type { RunCommit, Store } from '../store.ts';

// How long to wait before a commit is tried again, in milliseconds.
const AGAIN = 50;

/** @throws FencedError, or what the store says. Tries again for as long as the lease holds. */
export async function commitAlone(
  { store, lease }: { readonly store: Store; readonly lease: Lease },
  commit: Omit<RunCommit, 'owner'>,
): Promise<void> {
  for (;;) {
    const [outcome] = await store.commit([{ ...commit, owner: lease.owner }]);
    switch (outcome?.status) {
      case 'committed':
        return;
      case 'failed':
        if (!outcome.retry || !lease.holds) throw outcome.error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
        break;
      case 'fenced':
        throw new FencedError(commit.run);
      default:
        throw new StoreError(
          `The store answered a commit of run '${commit.run}' with '${outcome?.status}'.`,
          'failed',
        );
    }
  }
}
