import 'fake-indexeddb/auto';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../src/store.ts';
import { commit, creation, loaded, minute, owner, turn } from '../conformance/fixtures.ts';
import { indexedDBStore } from './index.ts';

let names = 0;
let store: Store;

beforeEach(async () => {
  store = indexedDBStore(`outcome-${++names}`);
  onTestFinished(() => store.close());
  await store.lease(owner, minute);
  await commit(store, creation('r'));
});

it('a commit that the browser cut off while it was under way may have been written: it is asked', async () => {
  const cut = vi.spyOn(IDBTransaction.prototype, 'commit').mockImplementation(function (
    this: IDBTransaction,
  ) {
    this.abort();
  });
  await expect(store.commit([turn('r', 2)])).rejects.toMatchObject({ code: 'STORE', outcome: 'unknown' });
  cut.mockRestore();
  expect(await loaded(store, 'r')).toEqual([1]);
  await commit(store, turn('r', 2));
});

it('a commit that was cut off before it was told to commit has failed, and may be sent again', async () => {
  const cut = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('The connection was closed.', 'AbortError');
  });
  const outcomes = await store.commit([turn('r', 2), turn('r', 3)]);
  const failed = { status: 'failed', retry: true, error: { code: 'STORE', outcome: 'failed' } };
  expect(outcomes).toMatchObject([failed, failed]);
  cut.mockRestore();
  await commit(store, turn('r', 2), turn('r', 3));
});
