/**
 * What the cases say of a store. There is no assertion library here, as the suite runs on more than one test
 * runner and in a browser.
 *
 * @module
 */
import { SavepointError } from '../../src/errors.ts';
import { difference, shown } from './difference.ts';

/** A store did not do what is promised. */
class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** The store does something else than the contract says. */
export function broken(message: string): never {
  throw new BrokenPromise(message);
}

/**
 * Both are equal, all the way down.
 *
 * @param about What is compared, where the case compares more than one thing.
 */
export function equal(actual: unknown, expected: unknown, about = ''): void {
  const found = difference(actual, expected);
  if (found !== undefined) broken(about === '' ? found : `${about}: ${found}`);
}

/** `actual` holds all that `part` holds, and may hold more. */
export function contains(actual: unknown, part: object, about = ''): void {
  const holds = typeof actual === 'object' && actual !== null;
  if (!holds) broken(`${about === '' ? '' : `${about}: `}expected ${shown(part)}, got ${shown(actual)}`);
  const compared = Object.keys(part).map((key) => [key, Reflect.get(actual, key) as unknown]);
  equal(Object.fromEntries(compared), part, about);
}

/** The call throws, or rejects with, a `StoreError` that says that nothing was written. */
export async function failsWithStoreError(call: () => unknown, about = ''): Promise<void> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    if (SavepointError.isInstance(error) && error.code === 'STORE') {
      contains(error, { outcome: 'failed' }, about);
      return;
    }
    broken(`${about}: expected a StoreError, got ${shown(error)}`);
  }
  broken(`${about}: expected a StoreError, got the answer ${shown(answer)}`);
}
