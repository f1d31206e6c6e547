/** A journal is a log in its table, looked through for what no longer counts now and then. */
import { expect, test } from 'vitest';
import { commit, creation, minute, owner, puts, rowKinds } from '../conformance/fixtures.ts';
import { sqliteStore } from './index.ts';

test.each(rowKinds)('rows of kind %s are the last ones written, however often', async (kind) => {
  const store = sqliteStore(':memory:');
  await store.lease(owner, minute);
  const others = Array.from({ length: 4 }, (_, i) => `other-${i}`);
  await commit(store, creation('r'), ...others.map((id) => creation(id)));
  await commit(store, puts('r', kind, 'kept'));
  for (let i = 0; i < 3000; i++) {
    const own = { ...puts('r', kind), put: [{ kind, key: `k${i % 3}`, value: String(i) }] };
    if (i % 7 === 0) await commit(store, own, ...others.map((id) => puts(id, kind, 'k')));
    else await commit(store, own);
  }
  expect(await store.rows('r', kind, {})).toEqual([
    { key: 'k0', value: '2997' },
    { key: 'k1', value: '2998' },
    { key: 'k2', value: '2999' },
    { key: 'kept', value: 'value of kept' },
  ]);
  await store.close();
});
