/** What must not cost more as a file grows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QuestionScan, Row, RunScan, Store } from '../../src/store.ts';
import { commit, creation, head, minute, owner, puts, question } from '../conformance/fixtures.ts';
import { sqliteStore } from './index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function openStore(file: string): Promise<Store> {
  const store = sqliteStore(join(folder, file), { synchronous: 'normal' });
  await store.lease(owner, minute);
  return store;
}

/** A store with so many runs of ten questions each. */
async function storeOf(runs: number): Promise<Store> {
  const store = await openStore(`${runs}.db`);
  const ids = Array.from({ length: runs }, (_, i) => i);
  const ask = (i: number) =>
    Array.from({ length: 10 }, (_, q) =>
      question(`r${i}/${q}`, {
        machine: `m${i % 4}`,
        assignee: `a${i % 4}`,
        tags: ['all', `t${i % 4}`],
        opened: i % 100,
      }),
    );
  await commit(store, ...ids.map((i) => creation(`r${i}`, { head: head({ due: 1000 + i }), ask: ask(i) })));
  return store;
}

/** The shortest time of many calls, in milliseconds. */
async function timeOf(call: () => unknown): Promise<number> {
  let shortest = Infinity;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    await call();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}

test('a page of questions or of due runs costs the same among many as among few', async () => {
  const few = await storeOf(10);
  const many = await storeOf(2000);
  const timesOf = async (call: (store: Store) => unknown) =>
    [await timeOf(() => call(few)), await timeOf(() => call(many))] as const;
  const questions: Omit<QuestionScan, 'limit'>[] = [
    {},
    { machine: 'm1' },
    { assignee: 'a1' },
    { run: 'r1' },
    { tag: 'all' },
    { tag: 't1', after: { opened: 5, id: 'r5' } },
    { after: { opened: 5, id: 'r5' } },
    { machine: 'm1', openedTo: 9 },
  ];
  for (const scan of questions) {
    const [of, among] = await timesOf((store) => store.questions({ ...scan, limit: 10 }));
    expect(among / of, JSON.stringify(scan)).toBeLessThan(8);
  }
  const runs: Omit<RunScan, 'limit'>[] = [
    { dueTo: 1005 },
    { undelivered: true },
    { undelivered: true, owner },
  ];
  for (const scan of runs) {
    const [of, among] = await timesOf((store) => store.runs({ ...scan, limit: 10 }));
    expect(among / of, JSON.stringify(scan)).toBeLessThan(8);
  }
  await few.close();
  await many.close();
});

/** What the file itself says of the steps. */
function askOfSteps(what: string): unknown {
  const file = new Database(join(folder, 'steps.db'), { readonly: true });
  const said = file.prepare(`SELECT ${what} FROM every_step`).pluck().get();
  file.close();
  return said;
}

test.each([1, 5])('steps that are written over and over take no more room, %i commits at once', async (n) => {
  const store = await openStore('steps.db');
  const runs = Array.from({ length: n }, (_, i) => `r${i}`);
  await commit(store, ...runs.map((run) => creation(run)));
  const rows = (i: number): Row[] => [{ kind: 'step', key: `k${i % 5}`, value: String(i) }];
  const last = 9000;
  for (let i = 1; i <= last; i++) {
    await commit(store, ...runs.map((run) => ({ ...puts(run, 'step'), put: rows(i) })));
  }
  for (const run of runs) {
    expect(
      (await store.rows(run, 'step', {})).map(({ value }) => Number(value)).sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 5 }, (_, i) => last - 4 + i));
  }
  expect(askOfSteps('count(*)')).toBeLessThan(1100 * n);
  await store.close();
});

test('steps take no more room where their run is taken anew and transactions are rolled back', async () => {
  const store = await openStore('steps.db');
  await commit(store, creation('r'));
  let fence = 1;
  for (let i = 1; i <= 9000; i++) {
    if (i % 100 === 0) {
      await store.acquire('r', owner);
      fence++;
      await expect(store.acquire('r', 'nobody')).rejects.toThrow('has no lease');
    }
    await commit(store, { ...puts('r', 'step'), fence, put: [{ kind: 'step', key: 'k', value: String(i) }] });
  }
  expect(await store.rows('r', 'step', {})).toEqual([{ key: 'k', value: '9000' }]);
  expect(askOfSteps('count(*)')).toBeLessThan(1100);
  await store.close();
});

test('steps that are dropped give their places back', async () => {
  const store = await openStore('steps.db');
  await commit(store, creation('r'));
  const step = { kind: 'step', key: 'k', value: '' } as const;
  for (let i = 0; i < 1000; i++) {
    await commit(store, { ...puts('r', 'step'), put: [step] });
    await commit(store, { run: 'r', owner, fence: 1, drop: [step] });
  }
  await commit(store, { ...puts('r', 'step'), put: [step] });
  expect(askOfSteps('max(key) & 0xfffffff')).toBe(1);
  await store.close();
});

test('many steps are all there, in order, whatever is tidied up', async () => {
  const store = await openStore('steps.db');
  await commit(store, creation('r'));
  const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, '0')}`);
  for (const key of keys) await commit(store, puts('r', 'step', key));
  const drop = keys.slice(0, 1000).map((key) => ({ kind: 'step', key }) as const);
  await commit(store, { run: 'r', owner, fence: 1, drop });
  expect((await store.rows('r', 'step', {})).map(({ key }) => key)).toEqual(keys.slice(1000));
  await store.close();
});
