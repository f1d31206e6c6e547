/**
 * Waiting for other processes, longer than SQLite does.
 *
 * @module
 */
import { isBusy } from './failure.ts';

/** Less than half a lease, for this process stands still meanwhile. */
const patience = 5000;

/**
 * Tries `body` again while the file is busy. SQLite's own waiting is short and knows no queue: of ten
 * processes that wrote all the time, one in forty ran into its timeout. Commits do without: the core
 * tries them again, and does other work until then.
 */
export function patiently<T>(body: () => T): T {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
    }
  }
}
