/**
 * Waiting for other processes, by pauses of our own: SQLite's knows ones of a tenth of a second, and no queue.
 *
 * @module
 */
import { isBusy } from './failure.ts';

/** How long a call waits, in milliseconds: less than half a lease. Commits wait less long, as the core tries them again. */
export const patience = 5000;

/** How long to wait before the next attempt, in milliseconds. At random, or processes that met once would meet each time. */
export const pauseAfter = (tries: number): number => Math.min(10, 1.2 ** tries) * (0.5 + Math.random());

/**
 * Tries until the file is free, for so many milliseconds. This process stands still meanwhile, so it is for what has to be
 * done when the call is answered.
 */
export function standingStill<T>(attempt: () => T, ms: number = patience): T {
  let deadline: number | undefined;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      const now = performance.now();
      deadline ??= now + ms;
      if (!isBusy(error) || now > deadline) throw error;
      Atomics.wait(clock, 0, 0, pauseAfter(0));
    }
  }
}

/** Nobody ever wakes whoever waits on it. */
const clock = new Int32Array(new SharedArrayBuffer(4));
