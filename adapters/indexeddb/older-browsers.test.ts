/** Browsers that read backwards one record at a time. */
import 'fake-indexeddb/auto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commit, creation, head, minute, owner, runIds, turn } from '../conformance/fixtures.ts';
import { indexedDBStore } from './index.ts';

const newer = Object.getOwnPropertyDescriptor(IDBIndex.prototype, 'getAllRecords')!;
beforeAll(() => void Reflect.deleteProperty(IDBIndex.prototype, 'getAllRecords'));
afterAll(() => void Object.defineProperty(IDBIndex.prototype, 'getAllRecords', newer));

it('runs and checkpoints are listed from the last to the first', async () => {
  const store = indexedDBStore('older');
  await store.lease(owner, minute);
  const runs = Array.from({ length: 40 }, (_, i) => String.fromCharCode(200 + i));
  await commit(store, ...runs.map((run, i) => creation(run, { head: head({ createdAt: i, tags: ['x'] }) })));
  for (let seq = 2; seq <= 9; seq++) await commit(store, turn(runs[0]!, seq));
  expect(await runIds(store, { descending: true })).toEqual(runs.toReversed());
  expect(await runIds(store, { descending: true, limit: 3 })).toEqual(runs.toReversed().slice(0, 3));
  expect(await runIds(store, { descending: true, tag: 'x', limit: 30 })).toEqual(
    runs.toReversed().slice(0, 30),
  );
  const history = await store.history(runs[0]!, { descending: true, to: 7, limit: 3 });
  expect(history.map(({ seq }) => seq)).toEqual([7, 6, 5]);
  await store.close();
});
