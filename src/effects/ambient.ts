/** Which effect the code that is running belongs to. */

/** An effect, as the code that it runs sees it. */
export interface CurrentEffect {
  /** Stable over restarts and retries: an idempotency key. */
  readonly effectId: string;
  /** Rises by one each time it is started anew. 1 the first time. */
  readonly attempt: number;
  /** Rises each time the run is taken: by it the outside can refuse what a holder that lost the run still does. */
  readonly fence: number;
}

interface Context {
  run<TArgs extends unknown[], T>(effect: CurrentEffect, fn: (...args: TArgs) => T, ...args: TArgs): T;
  getStore(): CurrentEffect | undefined;
}

/** Follows the code as far as its first `await`, where the platform has nothing that follows it further. */
class UpToTheFirstAwait implements Context {
  #current: CurrentEffect | undefined;

  run<TArgs extends unknown[], T>(effect: CurrentEffect, fn: (...args: TArgs) => T, ...args: TArgs): T {
    const before = this.#current;
    this.#current = effect;
    try {
      return fn(...args);
    } finally {
      this.#current = before;
    }
  }

  getStore(): CurrentEffect | undefined {
    return this.#current;
  }
}

interface Platform {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage: new () => Context } | undefined;
  };
}

// Asked for at run time: a browser has none, and nothing of Node's is imported.
const { AsyncLocalStorage = UpToTheFirstAwait } =
  (globalThis as Platform).process?.getBuiltinModule?.('node:async_hooks') ?? {};
const context: Context = new AsyncLocalStorage();

/** Runs code on behalf of an effect, and gives it `args`. */
export const runFor = <TArgs extends unknown[], T>(
  effect: CurrentEffect,
  fn: (...args: TArgs) => T,
  ...args: TArgs
): T => context.run(effect, fn, ...args);

/**
 * The effect, the step or the custom action that the running code belongs to; `undefined` outside of one. For code deep
 * inside, that nobody hands an effect id. It follows `await` wherever the platform has an `AsyncLocalStorage` (Node, Bun,
 * Deno, Workers); in a browser, call it before the first `await`.
 *
 * @example
 * function pay(amount: number): Promise<Receipt> {
 *   return post('/charges', { amount }, { 'Idempotency-Key': currentEffect()?.effectId });
 * }
 */
export const currentEffect = (): CurrentEffect | undefined => context.getStore();
