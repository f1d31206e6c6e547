/**
 * Group commit: all turns of one synchronous job, over all runs, go to the store in one batch. Marking
 * a run and writing in a microtask is enough for that, and an fsync is then shared.
 */
import type { Outcome, RunCommit, Store } from '../store.ts';
import { unref } from '../unref.ts';

/** Something that has commits to make, one at a time. */
export interface Committing {
  /** Is it in the next batch already? */
  isWaiting: boolean;
  /** The next commit, if there is one and none is in flight. It is then in flight. */
  take(): RunCommit | undefined;
  /** What became of it. */
  outcome(outcome: Outcome): void;
  /** The store did not say. */
  unknown(error: unknown): void;
}

// Node's queueMicrotask() pays for an async resource each time.
const now = Promise.resolve();

/**
 * So many batches are with a store that takes its time; what comes meanwhile goes together with the next. Runs that are out
 * of step with each other would make a batch each, and a store pays for a batch more than for what is in it.
 */
const MOST_BATCHES = 4;

/** How long others wait for batches that the store does not answer, in milliseconds. */
const PATIENCE = 1000;

export class Committer {
  #waiting: Committing[] = [];
  #scheduled = false;
  /** Batches that are with the store, and have not been for too long. */
  readonly #batches = new Set<readonly RunCommit[]>();
  #impatient: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly store: Store) {}

  /** Asks for a commit with the next batch. */
  add(one: Committing): void {
    if (one.isWaiting) return;
    one.isWaiting = true;
    this.#waiting.push(one);
    if (this.#batches.size < MOST_BATCHES) this.#schedule();
    else this.#impatient ??= unref(setTimeout(this.#waitNoLonger, PATIENCE));
  }

  /** None of the batches has come back since: from now on nobody waits for any of them. */
  readonly #waitNoLonger = (): void => {
    this.#batches.clear();
    this.#commit();
  };

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    void now.then(this.#commitAll);
  }

  readonly #commitAll = (): void => this.#commit();

  #commit(): void {
    this.#scheduled = false;
    if (this.#impatient !== undefined) clearTimeout(this.#impatient);
    this.#impatient = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    const takers: Committing[] = [];
    const batch: RunCommit[] = [];
    for (const one of waiting) {
      one.isWaiting = false;
      const commit = one.take();
      if (!commit) continue;
      takers.push(one);
      batch.push(commit);
    }
    if (batch.length === 0) return;
    const settle = (outcomes: readonly Outcome[]): void =>
      takers.forEach((one, at) => one.outcome(outcomes[at]!));
    const lose = (error: unknown): void => takers.forEach((one) => one.unknown(error));
    let outcomes;
    try {
      outcomes = this.store.commit(batch);
    } catch (error) {
      return lose(error);
    }
    // Without a promise where the store needs none: a turn then takes no detour over the event loop.
    if (!(outcomes instanceof Promise)) return settle(outcomes);
    this.#batches.add(batch);
    outcomes.then(settle, lose).finally(() => {
      this.#batches.delete(batch);
      if (this.#waiting.length > 0 && this.#batches.size < MOST_BATCHES) this.#schedule();
    });
  }
}
