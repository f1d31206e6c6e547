/** When a node that failed is tried again. */
import type { RetryOptions } from '../../../src/index.ts';

/** How long to wait before attempt number `attempts + 1`, in milliseconds; `undefined`: there is none. */
export function retryDelay(
  retry: RetryOptions | undefined,
  attempts: number,
  error: unknown,
): number | undefined {
  if (!retry || attempts > retry.limit) return undefined;
  if (retry.retryable && !retry.retryable(error)) return undefined;
  const { backoff = 1000, factor = 2, max = Infinity, jitter = 0.2 } = retry;
  const full = backoff === 0 ? 0 : Math.min(max, backoff * factor ** (attempts - 1));
  return full * (1 - jitter * Math.random());
}
