/**
 * The cases of the suite, as data: any test runner can run them, and none is needed.
 *
 * @module
 */
import type { Store } from '../../src/store.ts';

/** What a case needs of a store beyond the contract's ten methods. */
export type Need = 'shared' | 'durable' | 'listen';

/** Where a case runs: a place of its own, with nothing in it. */
export interface Place {
  /** A handle on the place. `owner` has a lease there for a minute. */
  readonly store: Store;
  /** Opens another handle on the place. All of them are closed when the case has ended. */
  readonly open: () => Promise<Store>;
  /** Asks again and again, for as long as the case has patience, until what comes is not `undefined`. */
  readonly until: <T>(what: string, ask: () => Promise<T | undefined>) => Promise<T>;
}

/** One promise, and how to find out whether a store keeps it. */
export interface StoreCase {
  /** The promise, as the rest of a sentence that begins with its group: `keeps others out while it lasts`. */
  readonly name: string;
  /** A store that lacks this is not asked. */
  readonly need: Need | undefined;
  /** Fails with what is expected and what came instead. */
  run(on: Place): Promise<void>;
}

/** Cases about one thing, which a test runner shows together. */
export interface CaseGroup {
  readonly name: string;
  readonly cases: readonly StoreCase[];
}

type Body = (on: Place) => void | Promise<void>;

/** What all cases of a group have in common. */
export interface CommonToCases {
  readonly need?: Need;
  /** Runs before each of them, on its place. */
  readonly before?: Body;
}

/** Makes the cases of one group. */
export function group(
  name: string,
  define: (it: (promise: string, body: Body) => void) => void,
  { need, before }: CommonToCases = {},
): CaseGroup {
  const cases: StoreCase[] = [];
  define((promise, body) => {
    const run = async (on: Place): Promise<void> => {
      await before?.(on);
      await body(on);
    };
    cases.push({ name: promise, need, run });
  });
  return { name, cases };
}
