/** Records that something else has changed, and values that cannot be stored. */
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  loaded,
  minute,
  owner,
  puts,
  question,
  questionIds,
  runIds,
  turn,
} from '../conformance/fixtures.ts';
import { indexedDBStore } from './index.ts';

let names = 0;
let name: string;
let store: Store;

beforeEach(async () => {
  name = `damage-${++names}`;
  store = indexedDBStore(name);
  await store.lease(owner, minute);
  await commit(store, creation('r', { ask: [question('r/q')] }), creation('s', { ask: [question('s/q')] }));
  onTestFinished(() => store.close());
});

/** Changes a record by hand, as one can in a browser's tools. */
async function change(table: string, key: IDBValidKey, to: object | string | undefined): Promise<void> {
  const db = await openDB(name);
  const tx = db.transaction(table, 'readwrite');
  const before: unknown = await tx.store.get(key);
  expect(before).toBeDefined();
  if (to === undefined) await tx.store.delete(key);
  else {
    const after = typeof to === 'string' ? to : { ...(before as object), ...to };
    await (tx.store.keyPath === null ? tx.store.put(after, key) : tx.store.put(after));
  }
  await tx.done;
  db.close();
}

describe('a record that something else has changed', () => {
  it.each([
    ['its time', { time: 'now' }],
    ['its header', { header: 1 }],
    ['its body', { body: null }],
    ['all of it', undefined],
  ])('is an error that names the checkpoint: %s', async (_, to) => {
    await change('checkpoints', ['r', 1], to);
    await expect(store.load('r')).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', run: 'r', seq: 1 });
    expect(await loaded(store, 's')).toEqual([1]);
    expect(await runIds(store)).toEqual(['r', 's']);
  });

  it('leaves earlier checkpoints readable', async () => {
    await commit(store, turn('r', 2));
    await change('checkpoints', ['r', 2], { body: 2 });
    await expect(store.load('r')).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', run: 'r', seq: 2 });
    expect(await loaded(store, 'r', 1)).toEqual([1]);
  });

  it.each([
    ['fences', { seq: 'x' }],
    ['fences', undefined],
    ['runs', { more: 1 }],
    ['runs', { tags: 'a' }],
    ['runs', undefined],
  ])('is an error that names the run, and no list of runs suffers: %s %o', async (table, to) => {
    await change(table, 'r', to);
    await expect(store.runs({ run: 'r', limit: 1 })).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      message: expect.stringContaining("run 'r'"),
    });
    expect(await runIds(store)).toEqual(['s']);
    expect(await runIds(store, { run: 's' })).toEqual(['s']);
    await commit(store, turn('s', 2));
  });

  it('is an error that names the row', async () => {
    await commit(store, puts('r', 'step', 'a', 'b'));
    const db = await openDB(name);
    await db.put('rows', 7, ['r', 'step', 'b']);
    db.close();
    await expect(store.rows('r', 'step', {})).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining("row 'b' (step) of run 'r'"),
    });
    expect(await store.rows('r', 'step', { key: 'a' })).toHaveLength(1);
  });

  it('does not keep other questions from being listed', async () => {
    await change('questions', 'r/q', { value: 1 });
    expect(await questionIds(store)).toEqual(['s/q']);
  });
});

describe('a commit that IndexedDB cannot store', () => {
  it.each([
    ['a key', { put: [{ kind: 'event', key: null, value: '' }] }],
    ['a value', { put: [{ kind: 'event', key: 'e', value: () => {} }] }],
    ['a time', { head: { machine: 'm', status: 'idle', createdAt: 1, tags: [Symbol('no')], more: '' } }],
  ])('fails by itself, and the others of its batch are written: %s', async (_, wrong) => {
    await commit(store, creation('t'));
    const outcomes = await store.commit([turn('r', 2), turn('s', 2, wrong as never), turn('t', 2)]);
    expect(outcomes).toMatchObject([
      { status: 'committed' },
      { status: 'failed', retry: false, error: { code: 'STORE', outcome: 'failed' } },
      { status: 'committed' },
    ]);
    expect(await loaded(store, 's')).toEqual([1]);
    await commit(store, turn('s', 2));
  });
});
