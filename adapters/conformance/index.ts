/**
 * The suite that every store passes: `savepoint/testing`. It runs on vitest, in Node and in a browser, and on
 * `node:test`.
 *
 * @module
 */
import { InvalidArgumentError } from '../../src/errors.ts';
import type { Awaitable, Store } from '../../src/store.ts';
import { caseGroups } from './case-groups.ts';
import { runCase } from './run-case.ts';
import { runner } from './runner.ts';
import { Tally } from './tally.ts';

/** What `testStore` may be told beside the store. */
export interface TestStoreOptions {
  /** Takes away what is left of a place. Called once for each place, when all its handles are closed. */
  readonly destroy?: ((place: string) => Awaitable<void>) | undefined;
}

/**
 * Registers the suite for one store with the test runner at hand: one test for each promise of the contract.
 * What a store says that it cannot do (`capabilities`, no `listen`) is skipped, with the reason, and at the end
 * the suite prints how many promises were checked.
 *
 * ```ts
 * const folder = mkdtempSync(join(tmpdir(), 'my-store-'));
 * testStore('my store', (place) => myStore(join(folder, place)));
 * ```
 *
 * @param createStore Opens a handle on the data of a place. The place is a fresh id of `a-z`, `0-9` and `-`
 * for each test. The same place is the same data: called twice, it gives two handles on one store, and called
 * after a `close()`, it finds what was there before.
 * @throws InvalidArgumentError where neither vitest nor `node:test` is there.
 */
export function testStore(
  name: string,
  createStore: (place: string) => Awaitable<Store>,
  { destroy }: TestStoreOptions = {},
): void {
  if (runner === undefined) {
    throw new InvalidArgumentError(
      'testStore() found no test runner. Call it in a test file that vitest runs, or in one that Node runs.',
    );
  }
  const { suite, test, after } = runner;
  suite(name, () => {
    const tally = new Tally(name);
    after(() => tally.print());
    for (const group of caseGroups) {
      suite(group.name, () => {
        for (const one of group.cases) {
          test(one.name, () => tally.count(() => runCase(one, { createStore, destroy })));
        }
      });
    }
  });
}
