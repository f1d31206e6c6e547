/**
 * One case on one store.
 *
 * @module
 */
import type { Awaitable, Store } from '../../src/store.ts';
import { broken } from './assertions.ts';
import type { Need, StoreCase } from './case.ts';
import { minute, owner, sleep } from './fixtures.ts';

/** Where the stores of a suite come from. */
export interface StoreSource {
  /** Opens a handle on the data of a place, which is an id of `a-z`, `0-9` and `-`. */
  readonly createStore: (place: string) => Awaitable<Store>;
  /** Takes away what is left of a place. All its handles are closed. */
  readonly destroy?: ((place: string) => Awaitable<void>) | undefined;
  /** How long to wait for what must come sooner or later, in milliseconds. Default: 10,000. */
  readonly patience?: number | undefined;
}

/** The pause between two questions whether something has come, in milliseconds. */
const pause = 10;

let places = 0;

/** Different from that of any other process or tab that runs the suite on the same server. */
function newPlace(): string {
  return `sp-${Math.random().toString(36).slice(2, 10)}-${++places}`;
}

/**
 * Runs a case on a place of its own, then closes what it opened and destroys the place.
 *
 * @returns why the case was skipped, or `undefined` where the store keeps the promise.
 * @throws what the case says against the store.
 */
export async function runCase(one: StoreCase, source: StoreSource): Promise<string | undefined> {
  const { createStore, destroy, patience = 10_000 } = source;
  const place = newPlace();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await createStore(place);
    opened.push(store);
    return store;
  };
  const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
    for (const end = performance.now() + patience; ;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (performance.now() > end) broken(`${what}: did not happen within ${patience} ms`);
      await sleep(pause);
    }
  };
  try {
    const store = await open();
    const lack = one.need === undefined ? undefined : lackOf(store, one.need);
    if (lack !== undefined) return lack;
    await store.lease(owner, minute);
    await one.run({ store, open, until });
    return undefined;
  } finally {
    for (const store of opened) await store.close();
    await destroy?.(place);
  }
}

/** Why a store cannot be asked, in its own words. */
function lackOf(store: Store, need: Need): string | undefined {
  switch (need) {
    case 'shared':
      return store.capabilities?.shared === false ? 'capabilities.shared is false' : undefined;
    case 'durable':
      return store.capabilities?.durable === false ? 'capabilities.durable is false' : undefined;
    case 'listen':
      return store.listen === undefined ? 'it has no listen()' : undefined;
  }
}
