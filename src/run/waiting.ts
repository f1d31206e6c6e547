/** Those who wait until something holds of a run. */
interface Waiter {
  holds(): boolean;
  resolve(): void;
  reject(error: unknown): void;
}

export class Waiting {
  // Nobody waits for most runs, and there may be many.
  #waiters: Waiter[] | undefined;

  /** Resolves at the first look at which it holds. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      (this.#waiters ??= []).push({ holds, resolve, reject });
    });
  }

  /** Something has changed. */
  look(): void {
    // Nothing is made of it where nothing holds: it is looked at with each step.
    if (!this.#waiters?.some(holds)) return;
    this.#waiters = this.#waiters.filter((one) => {
      if (one.holds()) one.resolve();
      else return true;
      return false;
    });
  }

  /** Nothing will change any more. The error is made only where somebody waits. */
  end(why: () => Error): void {
    for (const waiter of this.#waiters ?? []) waiter.reject(why());
    this.#waiters = undefined;
  }
}

const holds = (waiter: Waiter): boolean => waiter.holds();
