import { expect, test } from 'vitest';
import type { Store } from '../../src/store.ts';
import { minute, owner, turn } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  test.each<[string, (store: Store) => unknown]>([
    ['lease', (store) => store.lease(owner, minute)],
    ['acquire', (store) => store.acquire('r', owner)],
    ['commit', (store) => store.commit([turn('r', 2)])],
    ['load', (store) => store.load('r')],
    ['enqueue', (store) => store.enqueue('r', { id: 'm', value: '' })],
    ['rows', (store) => store.rows('r', 'event', { key: 'e' })],
    ['questions', (store) => store.questions({ limit: 1 })],
    ['runs', (store) => store.runs({ limit: 1 })],
    ['history', (store) => store.history('r', { limit: 1 })],
  ])('closed: %s fails with a StoreError, nothing written', async (_, call) => {
    await on.store.close();
    await on.store.close();
    await expect(async () => call(on.store)).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
  });
});
