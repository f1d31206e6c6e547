/** Deletes what a policy lets go: runs that have ended, and old checkpoints. */
import { commitAlone } from '../turns/commit-alone.ts';
import { FencedError, RunClosedError } from '../errors.ts';
import type { RunContext, RunCore } from '../run/run-core.ts';
import { readMore } from '../run/run-info.ts';
import type { RunScan, RunStatus, StoredRun } from '../store.ts';
import { cutHistory, cuttable, lastInstant, type Hand } from './cut-history.ts';
import { openHand, ownHand } from './hands.ts';
import type { Keeping, PrunePolicy, PruneReport } from './retention.ts';
import { othersFirst, piecesOf, slicesOf } from './slices.ts';

/** The runtime that prunes. */
export interface PruneContext {
  readonly context: RunContext;
  /** How long deleted runs keep their ids, in milliseconds. */
  readonly tombstone: number;
  /** Is it open here, or being opened? */
  has(run: string): boolean;
  /** A run that is open here. */
  find(run: string): RunCore | undefined;

  /** False from when on it is to stop. */
  goesOn(): boolean;
}

/** At an end: neither a person nor time goes on with them. One in quarantine waits for a person. */
const FINISHED: readonly RunStatus[] = ['done', 'failed', 'cancelled'];
const PAGE = 200;

export class Prune {
  readonly #runs: string[] = [];
  #checkpoints = 0;
  #blobs = 0;

  constructor(private readonly runtime: PruneContext) {}

  /** What a run was started with counts before the policy. `alone`: also where the policy says nothing. */
  async by({ finished, history }: PrunePolicy, alone = false): Promise<PruneReport> {
    if (finished || alone) await this.#finished(finished);
    if (history || alone) await this.#history(history);
    return { runs: this.#runs, checkpoints: this.#checkpoints, blobs: this.#blobs };
  }

  async #finished(policy: Keeping | undefined): Promise<void> {
    const now = this.runtime.context.clock.now();
    let kept = 0;
    for await (const stored of this.#scan({ status: FINISHED, descending: true })) {
      const own = ownPolicy(stored);
      const keeping = own?.finished ?? policy;
      if (!own || !keeping) continue;
      const { olderThan, keepLast = 0 } = keeping;
      // Of one run alone, it is the newest itself.
      if ((own.finished ? 0 : kept++) < keepLast || stored.updatedAt > lastInstant(olderThan, now)) continue;
      if (await this.#held(stored, (fence) => this.#delete(stored.run, fence))) this.#runs.push(stored.run);
    }
  }

  /** True: it is gone. In slices, as a run may have any number of checkpoints; the newest go with the run itself. */
  async #delete(run: string, fence: number): Promise<boolean> {
    const { context, tombstone } = this.runtime;
    const { store } = context;
    const [stored] = await store.runs({ run, limit: 1 });
    // Somebody took it up again while we came to it.
    if (!stored || !FINISHED.includes(stored.status)) return false;
    for (const { count: _, ...range } of slicesOf(await cuttable(store, run, {}, 0))) {
      await commitAlone(context, { run, fence, ...range });
      await othersFirst();
    }
    for (const kind of ['event', 'step', 'outbox', 'asked', 'answer'] as const)
      for (let isMore = true; isMore;) {
        const page = await store.rows(run, kind, { limit: PAGE });
        isMore = page.length === PAGE;
        // The last ones go with the run.
        if (!isMore) break;
        for (const piece of piecesOf(page)) {
          await commitAlone(context, { run, fence, drop: piece.map(({ key }) => ({ kind, key })) });
          await othersFirst();
        }
      }
    await commitAlone(context, { run, fence, remove: tombstone });
    return true;
  }

  async #history(policy: Keeping | undefined): Promise<void> {
    const { context } = this.runtime;
    const now = context.clock.now();
    for await (const stored of this.#scan({})) {
      const { run, seq } = stored;
      const own = ownPolicy(stored);
      const keeping = own?.history ?? policy;
      if (!own || !keeping) continue;
      if (seq <= (keeping.keepLast ?? 1)) continue;
      const going = await cuttable(context.store, run, keeping, now);
      if (going.length === 0) continue;
      const core = this.runtime.find(run);
      const cut = async (hand: Hand): Promise<boolean> => {
        const { checkpoints, blobs } = await cutHistory(hand, keeping, now);
        this.#checkpoints += checkpoints;
        this.#blobs += blobs;
        return false;
      };
      if (core) await cut(openHand(core)).catch(ignoreTaken);
      else await this.#held(stored, (fence) => cut(ownHand(context, run, fence)));
    }
  }

  /** Has a run for a moment, where nobody else has it. True: it is gone. */
  async #held({ run }: StoredRun, use: (fence: number) => Promise<boolean>): Promise<boolean> {
    const { context } = this.runtime;
    const { store, lease } = context;
    if (this.runtime.has(run)) return false;
    await lease.ensure();
    const acquired = await store.acquire(run, lease.owner);
    if (acquired.status !== 'acquired') return false;
    const { fence } = acquired;
    try {
      if (await use(fence)) return true;
      await commitAlone(context, { run, fence, release: true });
      return false;
    } catch (error) {
      if (!isTaken(error)) await commitAlone(context, { run, fence, release: true }).catch(() => {});
      return ignoreTaken(error);
    }
  }

  async *#scan(scan: Omit<RunScan, 'limit'>): AsyncGenerator<StoredRun> {
    for (let after: StoredRun | undefined; this.runtime.goesOn();) {
      const page = await this.runtime.context.store.runs({ ...scan, after, limit: PAGE });
      for (const stored of page) {
        if (!this.runtime.goesOn()) return;
        yield stored;
      }
      if (page.length < PAGE) return;
      after = page.at(-1);
      await othersFirst();
    }
  }
}

/** It was let go of, or taken, in the middle: the rest is for the next time. */
function ignoreTaken(error: unknown): false {
  if (isTaken(error)) return false;
  throw error;
}

const isTaken = (error: unknown): boolean => error instanceof RunClosedError || error instanceof FencedError;

/** What a run was started with. `undefined`: it cannot be read, and may be to be kept. */
function ownPolicy(stored: StoredRun): PrunePolicy | undefined {
  try {
    return readMore(stored).retention ?? {};
  } catch {
    return undefined;
  }
}
