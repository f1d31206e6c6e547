/**
 * Waiting for other processes, longer than SQLite does.
 *
 * @module
 */
import type { Awaitable } from '../../src/store.ts';
import { isBusy } from './failure.ts';

/** Less than half a lease. */
const patience = 5000;

/** The longest pause between two attempts. */
const longestPause = 50;

/**
 * Answers at once where the file is free. Where it is busy, tries again and again, and this process does
 * other work meanwhile: whoever has the lock may be stopped, and not give it back for a long time. Commits
 * do without: the core tries them again.
 */
export function patiently<T>(attempt: () => T): Awaitable<T> {
  const deadline = performance.now() + patience;
  try {
    return attempt();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return tryAgain(attempt, deadline);
  }
}

async function tryAgain<T>(attempt: () => T, deadline: number): Promise<T> {
  for (let pause = 2; ; pause = Math.min(pause * 1.5, longestPause)) {
    // At random, or processes that met once would meet each time.
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
  }
}

/**
 * The same for the opening of a file, which has to be done when the first call is answered: this process
 * stands still meanwhile. SQLite's own waiting is short and knows no queue.
 */
export function standingStill<T>(attempt: () => T): T {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
    }
  }
}
