/** A handle that is closed. */
import type { Store } from '../../../src/store.ts';
import { failsWithStoreError } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { minute, owner, turn } from '../fixtures.ts';

const calls: Record<string, (store: Store) => unknown> = {
  lease: (store) => store.lease(owner, minute),
  acquire: (store) => store.acquire('r', owner),
  commit: (store) => store.commit([turn('r', 2)]),
  load: (store) => store.load('r'),
  enqueue: (store) => store.enqueue('r', { id: 'm', value: '' }),
  rows: (store) => store.rows('r', 'event', { key: 'e' }),
  questions: (store) => store.questions({ limit: 1 }),
  runs: (store) => store.runs({ limit: 1 }),
  history: (store) => store.history('r', { limit: 1 }),
};

export const closed: CaseGroup = group('a closed store', (it) => {
  it('may be closed again', async ({ store }) => {
    await store.close();
    await store.close();
  });

  for (const [name, call] of Object.entries(calls)) {
    it(`answers ${name} with a StoreError, nothing written`, async ({ store }) => {
      await store.close();
      await failsWithStoreError(() => call(store), name);
    });
  }
});
