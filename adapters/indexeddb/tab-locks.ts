/**
 * Web Locks, by which tabs know of each other that they are gone.
 *
 * @module
 */

/**
 * While this tab has an owner, it holds a lock of that name. The browser lets go of it as soon as the tab
 * is closed or crashes. The lock is shared, as two stores of one page may have one owner; nobody ever asks
 * for it alone, so that nobody ever waits.
 */
export class TabLocks {
  readonly #held = new Map<string, Promise<(() => void) | undefined>>();

  constructor(readonly database: string) {}

  /** Resolves when the lock is held. False: there are no Web Locks here, as on a page without https. */
  async hold(owner: string): Promise<boolean> {
    let held = this.#held.get(owner);
    if (held === undefined) this.#held.set(owner, (held = this.#request(owner)));
    return (await held) !== undefined;
  }

  async release(owner: string): Promise<void> {
    const held = this.#held.get(owner);
    this.#held.delete(owner);
    (await held)?.();
  }

  /** Whether it was this store that registered the owner. */
  has(owner: string): boolean {
    return this.#held.has(owner);
  }

  /** Which of the owners, that all had their lock when they were registered, have it no longer. */
  async gone(owners: readonly string[]): Promise<string[]> {
    const others = owners.filter((owner) => !this.has(owner));
    if (others.length === 0 || !isSupported()) return [];
    const { held = [] } = await navigator.locks.query();
    const names = new Set(held.map((lock) => lock.name));
    return others.filter((owner) => !names.has(this.#name(owner)));
  }

  #request(owner: string): Promise<(() => void) | undefined> {
    if (!isSupported()) return Promise.resolve(undefined);
    return new Promise((granted) => {
      navigator.locks
        .request(this.#name(owner), { mode: 'shared' }, () => new Promise<void>(granted))
        // A page that is being left, or that may store nothing.
        .catch(() => granted(undefined));
    });
  }

  #name(owner: string): string {
    return `savepoint ${this.database} ${owner}`;
  }
}

function isSupported(): boolean {
  return typeof navigator !== 'undefined' && (navigator as Partial<Navigator>).locks !== undefined;
}
