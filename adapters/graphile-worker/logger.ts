/**
 * graphile-worker's words, as far as somebody has to hear them.
 *
 * @module
 */
import { Logger } from 'graphile-worker';

/** Says what went wrong, and nothing of what went well. */
export function loggerTo(say: (...args: unknown[]) => void): Logger {
  return new Logger(() => (level, message, meta) => {
    const isBad = (['error', 'warning'] as string[]).includes(level);
    if (isBad) say(`graphile-worker: ${message}`, ...(meta?.['error'] === undefined ? [] : [meta['error']]));
  });
}
