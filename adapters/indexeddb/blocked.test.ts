/** What an upgrade does where a tab does not make way, as one that is frozen. */
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { expect, it, onTestFinished, vi } from 'vitest';
import { indexedDBStore } from './index.ts';

vi.mock(import('./schema.ts'), async (original) => ({ ...(await original()), schemaVersion: 2 }));

it('a database that another tab holds back is an error after a while, and opened when it lets go', async () => {
  const { upgrade } = await import('./schema.ts');
  const frozen = await openDB('held-back', 1, { upgrade: (db) => upgrade(db as never, 0) });
  const store = indexedDBStore('held-back');
  onTestFinished(() => store.close());
  const error = {
    code: 'STORE',
    outcome: 'failed',
    message: expect.stringContaining('Reload or close them'),
  };
  await expect(store.load('r')).rejects.toMatchObject(error);
  await expect(store.load('r')).rejects.toMatchObject(error);
  frozen.close();
  await vi.waitFor(() => store.load('r'));
  expect(await store.runs({ limit: 1 })).toEqual([]);
});
