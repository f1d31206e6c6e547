/** Leases where there are no Web Locks, or where they are slow; test/browser/ has them as they are. */
import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../src/store.ts';
import { commit, creation, minute, owner, runIds, sleep, statuses, turn } from '../conformance/fixtures.ts';
import { indexedDBStore } from './index.ts';

type Request = (name: string, options: object, held: () => Promise<void>) => Promise<void>;

let names = 0;
let name: string;

beforeEach(() => (name = `leases-${++names}`));
afterEach(() => vi.unstubAllGlobals());

function open(): Store {
  const store = indexedDBStore(name);
  onTestFinished(() => store.close());
  return store;
}

/** Locks as a browser has them, of tabs that are all there unless `names` says otherwise. */
function stubLocks(request: Request, held: () => readonly string[] = () => []): void {
  const query = async (): Promise<object> => ({ held: held().map((name) => ({ name })) });
  vi.stubGlobal('navigator', { locks: { request, query } });
}

async function owners(): Promise<number> {
  const db = await openDB(name);
  const count = await db.count('owners');
  db.close();
  return count;
}

it.each<[string, () => void]>([
  ['there are no Web Locks', () => vi.stubGlobal('navigator', {})],
  ['a page may not have any', () => stubLocks(() => Promise.reject(new DOMException('no', 'SecurityError')))],
])('a lease ends by time alone where %s', async (_, stub) => {
  stub();
  const [one, two] = [open(), open()];
  await one.lease(owner, 400);
  await two.lease('owner-2', minute);
  await commit(one, creation('r'));
  expect(await two.acquire('r', 'owner-2')).toMatchObject({ status: 'held' });
  expect(await runIds(two, { free: true })).toEqual([]);
  await sleep(420);
  expect(await runIds(two, { free: true })).toEqual(['r']);
  expect(await two.acquire('r', 'owner-2')).toEqual({ status: 'acquired', fence: 2 });
  expect(await statuses(one, turn('r', 2))).toEqual(['fenced']);
});

it('an owner is written only when its lock is held: it would look as if its tab were gone', async () => {
  let grant = (): void => {};
  stubLocks((_, __, held) => new Promise((resolve) => (grant = () => resolve(held()))));
  const store = open();
  await store.runs({ limit: 1 });
  const leased = store.lease(owner, minute);
  await sleep(20);
  expect(await owners()).toBe(0);
  grant();
  await leased;
  expect(await owners()).toBe(1);
});

it('a tab whose lock is gone loses its runs at once, and one that has it keeps them', async () => {
  const held: string[] = [];
  stubLocks(
    (name, _, body) => (held.push(name), body()),
    () => held,
  );
  const [one, two, three] = [open(), open(), open()];
  await one.lease('one', minute);
  await two.lease('two', minute);
  await three.lease('three', minute);
  await commit(one, creation('of one', { owner: 'one' }));
  await commit(two, creation('of two', { owner: 'two' }), creation('also of two', { owner: 'two' }));
  held.splice(
    held.findIndex((lock) => lock.endsWith(' two')),
    1,
  );
  expect(await three.acquire('of one', 'three')).toMatchObject({ status: 'held' });
  expect(await three.acquire('of two', 'three')).toEqual({ status: 'acquired', fence: 2 });
  expect(await runIds(three, { free: true })).toEqual(['also of two']);
  expect(await statuses(two, turn('of two', 2, { owner: 'two' }))).toEqual(['fenced']);
  expect(await owners()).toBe(2);
});

it('says who holds a run: this tab, or another', async () => {
  stubLocks((_, __, body) => body());
  const [one, two] = [open(), open()];
  await one.lease(owner, minute);
  await one.lease('owner-2', minute);
  await commit(one, creation('r'));
  expect(await one.acquire('r', 'owner-2')).toMatchObject({ status: 'held', by: 'this tab' });
  vi.stubGlobal('navigator', {});
  await two.lease('owner-2', minute);
  expect(await two.acquire('r', 'owner-2')).toMatchObject({ status: 'held', by: 'another tab' });
});
