/**
 * What the tabs of a site tell each other.
 *
 * @module
 */

import { closedError } from './failure.ts';

/** What is posted: the runs that something was left for or committed to. */
type Posted = readonly string[];

/** Tells the other handles of one database, in this page and in others, which runs were written to. */
export class TabChannel {
  #channel: BroadcastChannel | undefined;
  #isClosed = false;
  readonly #wakes = new Set<(run: string) => void>();

  constructor(readonly database: string) {}

  /** Whether there is such a thing here. */
  static get isSupported(): boolean {
    return typeof BroadcastChannel !== 'undefined';
  }

  post(runs: Posted): void {
    if (!TabChannel.isSupported || this.#isClosed || runs.length === 0) return;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
    this.#opened().postMessage(runs);
  }

  /** Returns what ends it. */
  listen(wake: (run: string) => void): () => void {
    // Each listener for itself, also where two are one function.
    const own = (run: string): void => wake(run);
    if (this.#isClosed) throw closedError(this.database);
    this.#opened();
    this.#wakes.add(own);
    return () => this.#wakes.delete(own);
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
    this.#channel = undefined;
    this.#wakes.clear();
  }

  #opened(): BroadcastChannel {
    if (this.#channel !== undefined) return this.#channel;
    const channel = new BroadcastChannel(`savepoint ${this.database}`);
    channel.addEventListener('message', ({ data }: MessageEvent<Posted>) => {
      for (const run of data) for (const wake of this.#wakes) wake(run);
    });
    // Node would wait for it.
    (channel as { unref?: () => void }).unref?.();
    return (this.#channel = channel);
  }
}
