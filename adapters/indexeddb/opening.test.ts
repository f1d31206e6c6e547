import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../src/store.ts';
import { commit, creation, find, minute, owner, turn } from '../conformance/fixtures.ts';
import { indexedDBStore } from './index.ts';

let names = 0;
const newName = (): string => `opening-${++names}`;

function open(name: string): Store {
  const store = indexedDBStore(name);
  onTestFinished(() => store.close());
  return store;
}

async function existing(): Promise<(string | undefined)[]> {
  return (await indexedDB.databases()).map(({ name }) => name);
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('indexedDBStore()', () => {
  it('opens nothing before the first call', async () => {
    const name = newName();
    const store = open(name);
    expect(await existing()).not.toContain(name);
    await store.runs({ limit: 1 });
    expect(await existing()).toContain(name);
  });

  it.each([
    ['no name', ['']],
    ['another durability', ['x', { durability: 'full' }]],
    ['what is not a boolean', ['x', { persist: 'yes' }]],
  ])('refuses %s', (_, args) => {
    const call = indexedDBStore as (...args: readonly unknown[]) => Store;
    expect(() => call(...args)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('says what to do where there is no IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const error = { code: 'STORE', outcome: 'failed', message: expect.stringContaining('sqliteStore()') };
    await expect(open(newName()).load('r')).rejects.toMatchObject(error);
  });

  it('asks to keep the data at the first use, once, and only where it is told to', async () => {
    const persist = vi.fn(() => Promise.reject(new Error('no')));
    vi.stubGlobal('navigator', { storage: { persist } });
    await open(newName()).load('r');
    expect(persist).not.toHaveBeenCalled();
    const store = indexedDBStore(newName(), { persist: true });
    onTestFinished(() => store.close());
    expect(persist).not.toHaveBeenCalled();
    await store.load('r');
    await store.load('r');
    expect(persist).toHaveBeenCalledTimes(1);
  });
});

describe('a database', () => {
  it.each([
    ['of another application', ['notes']],
    ['with nothing in it', []],
  ])('%s is refused, and left as it was', async (_, stores) => {
    const name = newName();
    const theirs = await openDB(name, 1, {
      upgrade: (db) => stores.forEach((one) => db.createObjectStore(one)),
    });
    theirs.close();
    for (const again of [1, 2]) {
      await expect(open(name).runs({ limit: again })).rejects.toMatchObject({
        code: 'STORE',
        outcome: 'failed',
        message: expect.stringContaining('another application'),
      });
    }
    const after = await openDB(name);
    expect([after.version, [...after.objectStoreNames]]).toEqual([1, stores]);
    after.close();
  });

  it('of a newer version is refused, and left as it was', async () => {
    const name = newName();
    (await openDB(name, 9)).close();
    await expect(open(name).load('r')).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      message: expect.stringContaining('newer savepoint'),
    });
    const after = await openDB(name);
    expect(after.version).toBe(9);
    after.close();
  });

  it('is given up for a tab with newer code, which need not wait', async () => {
    const name = newName();
    const store = open(name);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    const writing = store.commit([turn('r', 2)]);
    const newer = await openDB(name, 2);
    expect(await writing).toEqual([{ status: 'committed' }]);
    expect(await newer.count('checkpoints')).toBe(2);
    await expect(store.commit([turn('r', 3)])).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('newer savepoint'),
    });
    newer.close();
  });

  it('that another tab deletes is made anew', async () => {
    const name = newName();
    const store = open(name);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.addEventListener('success', resolve);
      request.addEventListener('blocked', reject);
    });
    expect(await find(store, 'r')).toBeUndefined();
    await store.lease(owner, minute);
    await commit(store, creation('r'));
  });

  it('is opened again where the browser has closed it, or has broken it off without a word', async () => {
    const store = open(newName());
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    // oxlint-disable-next-line typescript/unbound-method -- it is given its database below
    const { transaction } = IDBDatabase.prototype;
    const closed = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(function (
      this: IDBDatabase,
      ...args
    ) {
      this.close();
      return transaction.apply(this, args);
    });
    await commit(store, turn('r', 2));
    expect(closed).toHaveBeenCalledTimes(2);
    const opened = vi.spyOn(indexedDB, 'open');
    vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementationOnce(() => {
      throw new DOMException('Connection to Indexed Database server lost.', 'UnknownError');
    });
    expect(await store.history('r', { limit: 9 })).toHaveLength(2);
    expect(opened).toHaveBeenCalledTimes(1);
    await commit(store, turn('r', 3));
  });
});
