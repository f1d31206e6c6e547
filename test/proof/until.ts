/** Waits for what must come, and fails where it does not. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How long nothing may take, in milliseconds, on a machine that is busy with other things. */
const patience = 60_000;

/**
 * Resolves when it holds. Rejects with the first fault as soon as there is one, and with what is left when it does
 * not come.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  faults: readonly string[],
  left: () => string,
): Promise<void> {
  const last = performance.now() + patience;
  while (!(await holds())) {
    if (faults.length > 0) throw new Error('It is not as it must be.');
    if (performance.now() > last) throw new Error(`It does not come to an end: ${left()}.`);
    await sleep(5);
  }
}
