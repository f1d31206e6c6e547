/** Lists of runs, and how much is read for them. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  head,
  loaded,
  minute,
  owner,
  question,
  questionIds,
  removal,
  runIds,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';

let folder: string;
let stores: Store[];
/** Files of runs that were opened. */
let opened: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  stores = [];
  opened = [];
});

afterEach(async () => {
  await Promise.all(stores.map(async (store) => store.close()));
  rmSync(folder, { recursive: true });
});

function raise(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** A store that takes down which files of runs it opens. Its syncs do nothing: here it is about reads. */
function open(change: Partial<Disk> = {}): Store {
  const openSync = ((path: string, ...rest: [string]) => {
    if (path.endsWith('.jsonl') && path.includes('runs')) opened.push(path.split('/').at(-1)!);
    return nodeDisk.openSync(path, ...rest);
  }) as Disk['openSync'];
  const fdatasync = ((_: number, done: (error: null) => void) =>
    setImmediate(done, null)) as unknown as Disk['fdatasync'];
  const store = new FileStore(folder, { ...nodeDisk, openSync, fdatasync, ...change });
  stores.push(store);
  return store;
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `run-${i}`);
const index = (): string => join(folder, 'runs.index');

async function begin(count: number): Promise<Store> {
  const store = open();
  await store.lease(owner, minute);
  await commit(store, ...ids(count).map((id, i) => creation(id, { head: head({ createdAt: i }) })));
  return store;
}

const count = async (store: Store, scan = {}): Promise<number> =>
  (await store.runs({ limit: 1e6, ...scan })).length;

test('ten thousand runs are listed without a look into their files', async () => {
  const store = await begin(10_000);
  expect(await count(store)).toBe(10_000);
  await store.close();
  const next = open();
  opened = [];
  expect(await count(next)).toBe(10_000);
  expect(opened).toEqual([]);
  await next.lease('other', minute);
  const other = open();
  await other.enqueue('run-7', { id: 'm', value: '' });
  opened = [];
  expect(await runIds(next, { undelivered: true })).toEqual(['run-7']);
  expect(await runIds(next, { limit: 3, after: { createdAt: 9_996, run: 'run-9996' } })).toEqual([
    'run-9997',
    'run-9998',
    'run-9999',
  ]);
  expect(opened).toEqual(['run-7.jsonl']);
}, 120_000);

test('only the files that have changed since are read by the next one', async () => {
  const store = await begin(200);
  await count(store);
  await store.close();
  const second = open();
  await second.lease(owner, minute);
  await second.acquire('run-3', owner);
  await second.enqueue('run-5', { id: 'm', value: '' });
  await second.close();
  const third = open();
  opened = [];
  expect(await runIds(third, { undelivered: true })).toEqual(['run-5']);
  expect(await count(third, { owner })).toBe(200);
  expect(opened.sort()).toEqual(['run-3.jsonl', 'run-5.jsonl']);
});

test.each<[string, () => void]>([
  ['missing', () => rmSync(index())],
  ['cut short', () => writeFileSync(index(), readFileSync(index()).subarray(0, 5000))],
  ['damaged', () => writeFileSync(index(), readFileSync(index(), 'utf8').replaceAll('refund', 'refuse'))],
  ['something else', () => writeFileSync(index(), 'A letter to a friend.\n'.repeat(100))],
  ['of other runs', () => appendFileSync(index(), readFileSync(index(), 'utf8').split('\n')[3]!)],
])('an index that is %s is made anew from the files', async (_, damage) => {
  const store = await begin(150);
  await count(store);
  await store.close();
  expect(existsSync(index())).toBe(true);
  damage();
  const next = open();
  expect(await count(next, { machine: 'refund' })).toBe(150);
  expect((await next.runs({ limit: 150 })).map(({ run }) => run)).toEqual(ids(150));
});

test('what another store does is listed at once', async () => {
  const store = await begin(3);
  const other = open();
  expect(await runIds(other)).toEqual(ids(3));
  await commit(store, turn('run-1', 2, { head: head({ createdAt: 1, status: 'done', due: 5 }) }));
  expect(await runIds(other, { status: ['done'] })).toEqual(['run-1']);
  expect(await runIds(other, { dueTo: 5 })).toEqual(['run-1']);
  await commit(store, creation('new', { head: head({ createdAt: 9 }), ask: [question('new/q')] }));
  expect(await runIds(other)).toEqual([...ids(3), 'new']);
  expect(await questionIds(other)).toEqual(['new/q']);
  await commit(store, removal('run-1'), { run: 'new', owner, fence: 1, close: ['new/q'] });
  expect(await runIds(other)).toEqual(['run-0', 'run-2', 'new']);
  expect(await questionIds(other)).toEqual([]);
  await commit(store, { run: 'run-0', owner, fence: 1, release: true });
  expect(await runIds(other, { free: true })).toEqual(['run-0']);
});

test('a run is listed as it is, though it was announced long before it was written', async () => {
  const store = await begin(2);
  const other = open();
  expect(await count(other)).toBe(2);
  let isStopped = true;
  const writeSync = ((fd: number, bytes: Buffer, ...rest: [number, number, null]) => {
    if (isStopped && bytes.includes('"prev":')) throw Object.assign(new Error('stopped'), { code: 'EIO' });
    return nodeDisk.writeSync(fd, bytes, ...rest);
  }) as Disk['writeSync'];
  const slow = open({ writeSync });
  expect(await slow.commit([turn('run-0', 2), creation('new')])).toMatchObject([
    { status: 'failed' },
    { status: 'failed' },
  ]);
  for (let i = 0; i < 3; i++) expect(await count(other, { status: ['done'] })).toBe(0);
  isStopped = false;
  const done = head({ createdAt: 0, status: 'done' });
  await commit(slow, turn('run-0', 2, { head: done }), creation('new', { head: head({ createdAt: 5 }) }));
  expect(await runIds(other, { status: ['done'] })).toEqual(['run-0']);
  expect(await runIds(other)).toEqual(['run-0', 'run-1', 'new']);
  expect(await loaded(store, 'run-0')).toEqual([1, 2]);
});

test('the file of announcements is followed by another when it is large, and nothing is missed', async () => {
  const store = await begin(5);
  const other = open();
  const asleep = open();
  expect(await count(other)).toBe(5);
  expect(await count(asleep)).toBe(5);
  const files = (): string[] => readdirSync(join(folder, 'changes'));
  for (let seq = 2; seq < 8; seq++) {
    // As large as it becomes in some thousand commits.
    appendFileSync(join(folder, 'changes', `${seq - 1}.jsonl`), `${'x'.repeat(1024 * 1024)}\n`);
    const due = head({ createdAt: 3, due: seq });
    await commit(store, ...ids(5).map((id) => turn(id, seq, id === 'run-3' ? { head: due } : {})));
    expect(await other.runs({ dueTo: seq, limit: 2 })).toMatchObject([{ run: 'run-3', due: seq, seq }]);
    expect(files()).toContain(`${seq}.jsonl`);
  }
  expect(files()).toHaveLength(2);
  const last = await store.runs({ limit: 999 });
  expect(await asleep.runs({ limit: 999 })).toEqual(last);
  expect(await other.runs({ limit: 999 })).toEqual(last);
  expect(await statuses(asleep, turn('run-0', 2))).toEqual(['conflict']);
}, 120_000);

test('a listener is told of the runs that others write to, and of no others', async () => {
  const store = await begin(3);
  const other = open();
  const woken: string[] = [];
  const end = await other.listen!((run) => woken.push(run));
  await store.enqueue('run-1', { id: 'm', value: '' });
  await expect.poll(() => woken).toContain('run-1');
  await commit(store, turn('run-2', 2));
  await expect.poll(() => woken).toContain('run-2');
  await other.enqueue('run-0', { id: 'm', value: '' });
  await commit(store, turn('run-2', 3));
  await expect.poll(() => woken.filter((run) => run === 'run-2')).toHaveLength(2);
  expect(woken).not.toContain('run-0');
  await end();
  const before = woken.length;
  await commit(store, turn('run-2', 4));
  await other.runs({ limit: 1 });
  expect(woken).toHaveLength(before);
});

test('who lists the runs as soon as they hear of one misses nothing when another file of announcements begins', async () => {
  const store = await begin(3);
  // It hears of others only when it asks for something.
  const other = open({ watch: () => raise('ENOSYS') });
  expect(await count(other)).toBe(3);
  await other.listen!(() => void other.runs({ limit: 9 }));
  // As large as it becomes in some thousand commits.
  appendFileSync(join(folder, 'changes', '1.jsonl'), `${'x'.repeat(1024 * 1024)}\n`);
  for (let seq = 2; seq < 4; seq++) await commit(store, turn('run-0', seq));
  expect(await count(other)).toBe(3);
  await commit(store, turn('run-1', 2, { head: head({ createdAt: 1, status: 'done' }) }));
  expect(await runIds(other, { status: ['done'] })).toEqual(['run-1']);
});

test('a run that has the id of a deleted one is listed by others, whatever they knew of that one', async () => {
  const store = await begin(2);
  const other = open();
  expect(await count(store)).toBe(2);
  for (let seq = 2; seq < 9; seq++) await commit(store, turn('run-0', seq));
  await commit(store, removal('run-0', { remove: 100 }));
  expect(await runIds(other)).toEqual(['run-1']);
  await sleep(120);
  await commit(store, removal('run-1'));
  expect(readdirSync(join(folder, 'runs'))).toEqual(['run-1.jsonl']);
  await commit(store, creation('run-0'));
  await commit(store, turn('run-0', 2));
  expect(await runIds(other)).toEqual(['run-0']);
});

test('a run that has the id of a deleted one is listed by others, also where its file is just like that one was', async () => {
  // Many systems give the number of a file that is gone to the next one.
  const fstatSync = ((...given: [number]) =>
    Object.assign(nodeDisk.fstatSync(...given), { ino: 7 })) as Disk['fstatSync'];
  const store = open({ fstatSync });
  const other = open({ fstatSync });
  await store.lease(owner, minute);
  await commit(store, creation('r', { head: head({ tags: ['old'] }) }));
  expect(await count(store)).toBe(1);
  expect(await count(other)).toBe(1);
  await commit(store, removal('r', { remove: 1 }));
  await sleep(5);
  await commit(store, creation('s'));
  await commit(store, removal('s'));
  await commit(store, creation('r', { head: head({ tags: ['new'] }) }));
  expect(await other.runs({ limit: 9 })).toMatchObject([{ run: 'r', tags: ['new'] }]);
});

test('a run whose file is gone is looked for once', async () => {
  const store = await begin(2);
  const other = open();
  expect(await count(store)).toBe(2);
  expect(await count(other)).toBe(2);
  await commit(store, removal('run-0', { remove: 1 }));
  await sleep(5);
  await commit(store, removal('run-1'));
  expect(readdirSync(join(folder, 'runs'))).toEqual(['run-1.jsonl']);
  expect(await count(other)).toBe(0);
  opened = [];
  expect(await count(other)).toBe(0);
  expect(opened).toEqual([]);
});
