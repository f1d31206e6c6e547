/**
 * The contract of an engine: what hands the runs that have something to do to the processes that work.
 *
 * An engine knows no XState and no store. It is told `start(work)` once in each process, calls
 * `work.run(id)` for the runs whose turn it is, at most `work.concurrency` at a time, and acts on what
 * that answers. It may be late and it may call for nothing; what it must not do is forget. An engine that
 * can lose a wake-up (one that is not written in the store's own transaction) asks `work.needy()` every
 * few seconds.
 *
 * @module
 */
import type { Awaitable } from '../store.ts';

/**
 * What became of a run that was worked on.
 * - `rest`: nothing is left to do before something new comes, or before `due` (milliseconds since 1970).
 * - `again`: it has more to do, and had its share for now; the others are next.
 * - `held`: another process has it, at least until `until` unless it lets go before.
 * - `failed`: it could not be opened. It is as it was; to be tried again later.
 * - `gone`: there is nothing to open, or nothing that ever goes on.
 */
export type Worked =
  | { readonly status: 'rest'; readonly due?: number | undefined }
  | { readonly status: 'again' }
  | { readonly status: 'held'; readonly until: number }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'gone' };

/** What a worker gives to its engine. */
export interface Work {
  /** How many runs this process works on at a time. */
  readonly concurrency: number;
  /** How often to look for what is due, in milliseconds, where nothing tells. */
  readonly poll: number;
  /** How long a dead process keeps its runs, in milliseconds. */
  readonly lease: number;
  /** Opens a run, does what it has to do, and lets go of it. Never rejects. */
  run(id: string): Promise<Worked>;
  /**
   * Runs that need somebody now and that nobody holds: overdue ones, those with messages, and those that
   * a dead process left. At most `limit`; asked again and again it comes by all of them.
   */
  needy(limit: number): Promise<string[]>;
  /** When the next run is due, in milliseconds since 1970. */
  nextDue(): Promise<number | undefined>;
  /** Calls `wake` when there may be something to do, where the store can tell. Returns what ends it. */
  listen(wake: (run: string) => void): Promise<() => Awaitable<void>>;
  readonly logger: (...args: unknown[]) => void;
}

/** An engine at work in this process. */
export interface Working {
  /** Takes no more runs. Resolves when those that were taken are done with. */
  stop(): Awaitable<void>;
}

/** What hands out runs: `polling()`, `graphileWorker()`, or one of your own. */
export interface Engine {
  start(work: Work): Awaitable<Working>;
}
