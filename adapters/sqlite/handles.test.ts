/** One file, opened twice or again, as two processes or one after another have it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  keysOf,
  minute,
  owner,
  puts,
  question,
  questionIds,
  statuses,
  turn,
  removal,
} from '../conformance/fixtures.ts';
import { sqliteStore } from './index.ts';

let folder: string;
let path: string;
let store: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  path = join(folder, 'runs.db');
  store = sqliteStore(path);
  await store.lease(owner, minute);
  await commit(store, creation('r', { ask: [question('r/q', { tags: ['x'] })] }));
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test('messages, questions and rows are there when the file is opened again', async () => {
  for (const id of ['b', 'a']) await store.enqueue('r', { id, value: id });
  await commit(store, puts('r', 'step', 'k'), puts('r', 'event', 'e'));
  await store.close();
  store = sqliteStore(path);
  expect(await keysOf(store, 'r', 'inbox')).toEqual(['b', 'a']);
  expect(await keysOf(store, 'r', 'step')).toEqual(['k']);
  expect(await keysOf(store, 'r', 'event')).toEqual(['e']);
  expect(await questionIds(store, { tag: 'x' })).toEqual(['r/q']);
  expect(await store.enqueue('r', { id: 'a', value: '' })).toEqual({ status: 'known', value: 'a' });
});

test('a message that is left through one handle is found and taken through the other', async () => {
  const other = sqliteStore(path);
  await other.enqueue('r', { id: 'theirs', value: '1' });
  await store.enqueue('r', { id: 'ours', value: '2' });
  expect(await other.enqueue('r', { id: 'ours', value: '3' })).toEqual({ status: 'known', value: '2' });
  expect(await keysOf(store, 'r', 'inbox')).toEqual(['theirs', 'ours']);
  expect((await store.runs({ undelivered: true, owner, limit: 9 })).map(({ run }) => run)).toEqual(['r']);
  expect(await statuses(store, turn('r', 2, { unless: ['theirs'] }))).toEqual(['taken']);
  await commit(store, turn('r', 2, { take: ['theirs', 'ours'] }));
  expect(await keysOf(other, 'r', 'inbox')).toEqual([]);
  expect(await other.runs({ undelivered: true, limit: 9 })).toEqual([]);
  await other.close();
});

test('rows that one handle wrote are written over and dropped by the other', async () => {
  const other = sqliteStore(path);
  await commit(store, puts('r', 'step', 'a', 'b'));
  expect(await other.acquire('r', owner)).toEqual({ status: 'acquired', fence: 2 });
  expect(await statuses(store, puts('r', 'step', 'late'))).toEqual(['fenced']);
  const put = [{ kind: 'step', key: 'a', value: 'new' }] as const;
  await commit(other, { run: 'r', owner, fence: 2, put, drop: [{ kind: 'step', key: 'b' }] });
  expect(await store.rows('r', 'step', {})).toEqual([{ key: 'a', value: 'new' }]);
  await other.close();
});

test('the steps of a run that was elsewhere and came back are the last ones written', async () => {
  const other = sqliteStore(path);
  const write = (fence: number, value: string) =>
    ({ ...puts('r', 'step'), fence, put: [{ kind: 'step', key: 'a', value }] }) as const;
  for (let n = 0; n < 3; n++) await commit(store, write(1, `first ${n}`));
  await other.acquire('r', owner);
  for (let n = 0; n < 9; n++) await commit(other, write(2, `second ${n}`));
  await store.acquire('r', owner);
  // With others, it goes into another table than those before: no row is in its way there.
  await commit(store, creation('s'), creation('t'), creation('u'), write(3, 'third'));
  expect(await other.rows('r', 'step', {})).toEqual([{ key: 'a', value: 'third' }]);
  await other.close();
});

test('steps that follow on a batch that was taken back, and their log tidied in it, are all there', async () => {
  const step = (key: string) => puts('r', 'step', key);
  for (let n = 0; n < 1023; n++) await commit(store, step('a'));
  // Binding refuses the last one, and with it what was done before it in the same transaction.
  const bad = { ...puts('r', 'step'), put: [{ kind: 'step', key: 'bad', value: {} as string }] } as const;
  expect(await statuses(store, step('b'), step('c'), step('d'), bad)).toEqual([
    'committed',
    'committed',
    'committed',
    'failed',
  ]);
  await commit(store, step('e'));
  expect(await keysOf(store, 'r', 'step')).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a run that is deleted through one handle takes no message through the other', async () => {
  const other = sqliteStore(path);
  await other.enqueue('r', { id: 'm', value: '' });
  await commit(store, removal('r'));
  expect(await other.enqueue('r', { id: 'n', value: '' })).toEqual({ status: 'deleted' });
  expect(await questionIds(other)).toEqual([]);
  await other.close();
});

test('an owner that is given up through one handle creates nothing through the other', async () => {
  const other = sqliteStore(path);
  expect(await statuses(other, turn('r', 2))).toEqual(['committed']);
  await store.lease(owner, 0);
  expect(await statuses(other, creation('s'))).toEqual(['fenced']);
  await store.lease(owner, minute);
  await commit(other, creation('s'));
  expect(await store.runs({ owner, limit: 9 })).toMatchObject([{ run: 's' }]);
  await other.close();
});

test('an owner that comes back through one handle goes on with its runs through the other', async () => {
  const other = sqliteStore(path);
  expect(await statuses(other, turn('r', 2))).toEqual(['committed']);
  await store.lease(owner, 0);
  await store.lease(owner, minute);
  expect(await store.acquire('r', owner)).toEqual({ status: 'acquired', fence: 2 });
  expect(await statuses(other, turn('r', 3, { fence: 2 }))).toEqual(['committed']);
  expect(await statuses(other, puts('r', 'step', 'late'))).toEqual(['fenced']);
  await other.close();
});
