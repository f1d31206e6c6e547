/**
 * Owners, and the runs that they hold.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Acquired } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import { within } from './ranges.ts';
import { fenceRecord } from './records.ts';
import type { OwnerRecord, Writing } from './schema.ts';
import type { TabLocks } from './tab-locks.ts';
import { unawaited } from './unawaited.ts';

/** An owner that nobody has heard of for so long is forgotten, whatever became of its tab. */
const forgetAfter = 30 * 24 * 60 * 60 * 1000;

/** An owner as it was when its tab was found to be gone. */
interface GoneOwner extends OwnerRecord {
  readonly owner: string;
}

/** `lease` and `acquire`. The clock is `Date.now()`, which the tabs of a browser share. */
export class Leases {
  constructor(
    readonly connection: Connection,
    readonly locks: TabLocks,
  ) {}

  async lease(owner: string, ms: number): Promise<void> {
    if (ms > 0) {
      // First: an owner with a record and without its lock looks as if its tab were gone.
      const lock = await this.locks.hold(owner);
      const isKnown = await this.#renew(owner, ms, lock);
      if (!isKnown) await this.dropGone();
      return;
    }
    await this.connection.write(['owners', 'held', 'fences'], (tx) => dropOwner(tx, owner));
    await this.locks.release(owner);
  }

  async acquire(run: string, owner: string): Promise<Acquired> {
    let gone: GoneOwner[] = [];
    for (;;) {
      const taken = await this.#take(run, owner, gone);
      if (taken.holder === undefined) return taken.acquired;
      // Only once: one that came back with its name is alive.
      if (gone.length > 0) return taken.acquired;
      gone = await this.#gone([taken.holder]);
      if (gone.length === 0) return taken.acquired;
    }
  }

  /** Drops the owners whose tabs are gone, so that their runs are free at once. */
  async dropGone(): Promise<void> {
    const owners = await this.connection.read(['owners'], async (tx) => {
      const store = tx.objectStore('owners');
      const [ids, records] = await Promise.all([store.getAllKeys(), store.getAll()]);
      return records.map((record, i): GoneOwner => ({ owner: ids[i]!, ...record }));
    });
    const gone = [...(await this.#gone(owners)), ...owners.filter(isForgotten)];
    if (gone.length === 0) return;
    await this.connection.write(['owners', 'held', 'fences'], (tx) => dropUnchanged(tx, gone));
  }

  async #renew(owner: string, ms: number, lock: boolean): Promise<boolean> {
    return this.connection.write(['owners'], async (tx) => {
      const owners = tx.objectStore('owners');
      const isKnown = (await owners.getKey(owner)) !== undefined;
      unawaited(owners.put({ expires: Date.now() + ms, lock, page: thisPage() }, owner));
      return isKnown;
    });
  }

  /** `holder`: who holds the run, where that may be known to be gone. */
  #take(
    run: string,
    owner: string,
    gone: readonly GoneOwner[],
  ): Promise<{ acquired: Acquired; holder?: GoneOwner }> {
    return this.connection.write(['owners', 'held', 'fences', 'tombstones'], async (tx) => {
      await dropUnchanged(tx, gone);
      const owners = tx.objectStore('owners');
      const [self, current, tombstone] = await Promise.all([
        owners.getKey(owner),
        tx.objectStore('fences').get(run),
        tx.objectStore('tombstones').get(run),
      ]);
      if (self === undefined) {
        throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
      }
      if (current === undefined) {
        const isBuried = (tombstone?.until ?? 0) > Date.now();
        return { acquired: { status: isBuried ? 'deleted' : 'missing' } };
      }
      const before = current.owner;
      if (before !== undefined && before !== owner) {
        const record = await owners.get(before);
        if (record !== undefined && record.expires > Date.now()) {
          const by = this.locks.has(before) ? 'this tab' : record.page;
          return {
            acquired: { status: 'held', by, until: record.expires },
            ...(record.lock && { holder: { owner: before, ...record } }),
          };
        }
        unawaited(tx.objectStore('held').delete([before, run]));
      }
      const fence = current.fence + 1;
      unawaited(tx.objectStore('fences').put(fenceRecord(fence, owner, current.seq, current.time), run));
      unawaited(tx.objectStore('held').put(true, [owner, run]));
      return { acquired: { status: 'acquired', fence } };
    });
  }

  async #gone(owners: readonly GoneOwner[]): Promise<GoneOwner[]> {
    const withLock = owners.filter(({ lock }) => lock);
    const gone = new Set(await this.locks.gone(withLock.map(({ owner }) => owner)));
    return withLock.filter(({ owner }) => gone.has(owner));
  }
}

/** With all that it holds: an owner of the same name that comes later holds nothing of it. */
async function dropOwner(tx: Writing, owner: string): Promise<void> {
  const range = within([owner]);
  const keys = await tx.objectStore('held').getAllKeys(range);
  const fences = tx.objectStore('fences');
  const current = await Promise.all(keys.map(([, run]) => fences.get(run)));
  for (const [i, record] of current.entries()) {
    if (record?.owner !== owner) continue;
    const { fence, seq, time } = record;
    unawaited(fences.put(fenceRecord(fence, undefined, seq, time), keys[i]![1]));
  }
  unawaited(tx.objectStore('owners').delete(owner));
  unawaited(tx.objectStore('held').delete(range));
}

/** One that was heard of meanwhile is not gone. */
async function dropUnchanged(tx: Writing, owners: readonly GoneOwner[]): Promise<void> {
  const now = await Promise.all(owners.map(({ owner }) => tx.objectStore('owners').get(owner)));
  for (const [i, { owner, expires }] of owners.entries()) {
    if (now[i]?.expires === expires) await dropOwner(tx, owner);
  }
}

function isForgotten({ expires }: OwnerRecord): boolean {
  return expires < Date.now() - forgetAfter;
}

/** Where this tab is, for people. */
function thisPage(): string {
  const { location } = globalThis as { location?: Partial<Location> };
  return location?.origin === undefined ? 'another tab' : `a tab at ${location.origin}${location.pathname}`;
}
