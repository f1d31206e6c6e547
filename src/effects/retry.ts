/** When what failed is tried again. */
import { checkMs } from '../check-options.ts';
import { InvalidArgumentError } from '../errors.ts';

/**
 * How a step that failed is tried again. Before the retry with number n, from 1 on, it waits
 * `backoff * factor ** (n - 1)` ms, at most `max`, less a random part of up to `jitter` of that.
 */
export interface RetryOptions {
  /** How many times after the first try. `Infinity`: without end. */
  readonly limit: number;
  /** How long to wait before the first retry, in milliseconds. Default 1000. */
  readonly backoff?: number | undefined;
  /** By how much each wait is longer than the one before it. 1 or more; default 2. */
  readonly factor?: number | undefined;
  /** The longest wait, in milliseconds. Default: none. */
  readonly max?: number | undefined;
  /** How much of each wait is left to chance, so that many that failed at once do not come back at once. 0 to 1; default 0.2. */
  readonly jitter?: number | undefined;
  /** Tells errors that may go away from those that are final. Default: each may go away. */
  readonly retryable?: ((error: unknown) => boolean) | undefined;
}

/**
 * Looks at options before they are needed.
 *
 * @throws {InvalidArgumentError} where one has a value that it cannot have.
 */
export function checkRetry(retry: RetryOptions): void {
  const { limit, backoff = 0, factor = 1, max = 0, jitter = 0, retryable } = retry;
  if (!(limit >= 0 && (Number.isInteger(limit) || limit === Infinity)))
    refuse('limit', 'a number of retries after the first try, 0 or more', limit);
  checkMs('retry.backoff', backoff);
  checkMs('retry.max', max);
  if (!(factor >= 1)) refuse('factor', 'a number, 1 or more', factor);
  if (!(jitter >= 0 && jitter <= 1)) refuse('jitter', 'a number from 0 to 1', jitter);
  if (retryable !== undefined && typeof retryable !== 'function')
    refuse('retryable', 'a function from an error to a boolean', retryable);
}

function refuse(name: string, what: string, value: unknown): never {
  throw new InvalidArgumentError(`'retry.${name}' is ${what}; it was ${String(value)}.`);
}

/**
 * How long to wait before a try that failed is repeated, in milliseconds, for machines that try again by themselves.
 * `undefined`: it is final.
 *
 * @param tries how many there were so far: 1 after the first.
 */
export function retryDelay(
  retry: RetryOptions | undefined,
  tries: number,
  error: unknown,
): number | undefined {
  if (!retry || tries > retry.limit || retry.retryable?.(error) === false) return undefined;
  const { backoff = 1000, factor = 2, max = Infinity, jitter = 0.2 } = retry;
  // 0 * Infinity is no number: what does not wait the first time never does.
  const full = backoff === 0 ? 0 : Math.min(max, backoff * factor ** (tries - 1));
  return full * (1 - jitter * Math.random());
}
