/** One of the two stores of a migration, and this migration as an owner of runs there. */
import { ConflictError, FencedError, RunLockedError, StoreError } from '../errors.ts';
import { Lease } from '../lease.ts';
import type { RunCommit, Store, StoredRun } from '../store.ts';

// In milliseconds.
const LEASE = 15_000;
const AGAIN = 50;
const PATIENCE = 5_000;

/** A commit, but for what the side knows. */
type Write = Omit<RunCommit, 'owner'>;

export class Side {
  readonly lease: Lease;

  constructor(readonly store: Store) {
    // A lease that cannot be renewed is found out by the next write under it.
    const ignored = (): void => {};
    this.lease = new Lease(store, LEASE, ignored, ignored);
  }

  /** Throws what the store says of a head that it cannot read. */
  async find(run: string): Promise<StoredRun | undefined> {
    const [stored] = await this.store.runs({ run, limit: 1 });
    if (stored?.damage) throw stored.damage;
    return stored;
  }

  /** The same, of a run that is held. Throws `FencedError` where it is so no longer. */
  async findHeld(run: string, fence: number): Promise<StoredRun> {
    const stored = await this.find(run);
    if (stored?.fence !== fence) throw new FencedError(run);
    return stored;
  }

  /** Takes a run: its fence, or `undefined` where it is gone. Throws `RunLockedError`. */
  async acquire(run: string): Promise<number | undefined> {
    await this.lease.ensure();
    const acquired = await this.store.acquire(run, this.lease.owner);
    if (acquired.status === 'held') throw new RunLockedError(run, acquired.by, new Date(acquired.until));
    return acquired.status === 'acquired' ? acquired.fence : undefined;
  }

  /** False: there is such a run, or was until a while ago (`create` only). What fails for now is tried again. */
  async write(commit: Write): Promise<boolean> {
    const { run } = commit;
    for (const until = performance.now() + PATIENCE; ;) {
      await this.lease.ensure();
      const [outcome] = await this.store.commit([{ ...commit, owner: this.lease.owner }]);
      switch (outcome?.status) {
        case 'committed':
          return true;
        case 'exists':
          return false;
        case 'fenced':
          throw new FencedError(run);
        case 'conflict':
          throw new ConflictError(run, commit.expect ?? 0);
        case 'failed':
          if (!outcome.retry || performance.now() > until) throw outcome.error;
          await new Promise((resolve) => setTimeout(resolve, AGAIN));
          break;
        default:
          throw new StoreError(
            `The store answered a commit of run '${run}' with '${outcome?.status}'.`,
            'failed',
          );
      }
    }
  }

  release(run: string, fence: number): Promise<boolean> {
    return this.write({ run, fence, release: true });
  }
}
