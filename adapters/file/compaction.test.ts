/** Files of runs that are written anew, and what may come in between. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  contents,
  creation,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  question,
  removal,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';

let folder: string;
let file: string;
let stores: Store[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  file = join(folder, 'runs', 'r.jsonl');
  stores = [];
});

afterEach(async () => {
  await Promise.all(stores.map(async (store) => store.close()));
  rmSync(folder, { recursive: true });
});

/** A store whose disk is another one in some things. */
function open(change: Partial<Disk> = {}): Store {
  const store = new FileStore(folder, { ...nodeDisk, ...change });
  stores.push(store);
  return store;
}

const garbage = (i: number): Parameters<Store['commit']>[0][number] => ({
  run: 'r',
  owner,
  fence: 1,
  put: [{ kind: 'step', key: 'same', value: `${i} ${'x'.repeat(10_000)}` }],
});

/** A run with something of everything, and garbage of half a megabyte less `less` lines. */
async function begin(store: Store, lines = 5): Promise<void> {
  await store.lease(owner, minute);
  await store.lease('other', minute);
  const put = [
    { kind: 'blob', key: 'bytes', value: Uint8Array.of(0, 1, 2, 255) },
    { kind: 'event', key: 'e', value: '{"a":"ü"}' },
  ] as const;
  await commit(
    store,
    creation('r', { put, ask: [question('r/q', { tags: ['x'], assignee: 'ann' })] }),
    creation('s'),
  );
  for (let seq = 2; seq <= 6; seq++) {
    const checkpoints = [checkpoint(seq, { base: seq === 4, body: `{"seq":${seq}}` })];
    await commit(store, turn('r', seq, { checkpoints, head: head({ tags: ['a'], due: seq }) }));
  }
  await store.enqueue('r', { id: 'b', value: '{"first":1}' });
  await store.enqueue('r', { id: 'a', value: 'second' });
  await commit(store, { run: 'r', owner, fence: 1, dropBefore: 3, dropFrom: 2 });
  for (let i = 0; i < lines; i++) await commit(store, garbage(i));
}

const size = (): number => statSync(file).size;
const inode = (): number => statSync(file).ino;

/** Commits garbage until that has had its effect. */
async function commitUntil(store: Store, isReached: () => boolean): Promise<void> {
  for (let i = 0; !isReached(); i++) {
    expect(i).toBeLessThan(100);
    await commit(store, garbage(i));
    await sleep(1);
  }
}

/** Commits garbage until the file is another one. */
async function untilRewritten(store: Store): Promise<void> {
  const before = inode();
  await commitUntil(store, () => inode() !== before);
}

test('a file is written anew when it is mostly garbage, and says the same as before', async () => {
  const store = open();
  await begin(store);
  const before = await contents(store, 'r');
  expect(size()).toBeGreaterThan(50_000);
  await untilRewritten(store);
  expect(size()).toBeLessThan(30_000);
  const { rows, ...rest } = before as { rows: [string, unknown][] };
  for (const one of [store, open()]) {
    expect(await contents(one, 'r')).toMatchObject(rest);
    expect(await one.rows('r', 'blob', {})).toEqual([{ key: 'bytes', value: Uint8Array.of(0, 1, 2, 255) }]);
    expect(await one.rows('r', 'event', {})).toEqual([{ key: 'e', value: '{"a":"ü"}' }]);
    expect(await keysOf(one, 'r', 'step')).toEqual(['same']);
    expect(await loaded(one, 'r', 1)).toEqual([1]);
    expect(await loaded(one, 'r', 2)).toEqual([]);
  }
  expect(rows.find(([kind]) => kind === 'inbox')?.[1]).toEqual(await store.rows('r', 'inbox', {}));
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  await commit(store, turn('r', 7));
  expect(await loaded(open(), 'r')).toEqual([4, 5, 6, 7]);
});

test('every line of a file that was written anew is JSON that a person can read', async () => {
  const store = open();
  await begin(store);
  await untilRewritten(store);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines[0]).toMatchObject({ run: 'r', kept: true, head: { machine: 'refund', tags: ['a'] } });
  expect(lines).toContainEqual(expect.objectContaining({ messages: expect.anything() }));
  expect(lines.some((line) => 'checkpoints' in line)).toBe(true);
});

test('a store does not grow with what is written over', async () => {
  const store = open();
  await begin(store);
  for (let i = 0; i < 600; i++) await commit(store, garbage(i));
  expect(size()).toBeLessThan(300_000);
});

test('a deleted run gives its room back', async () => {
  const store = open();
  await begin(store, 0);
  const put = [{ kind: 'blob', key: 'large', value: 'x'.repeat(500_000) }] as const;
  await commit(store, { run: 'r', owner, fence: 1, put });
  await commit(store, removal('r'));
  await expect.poll(size).toBeLessThan(2000);
  for (const one of [store, open()]) {
    expect(await one.acquire('r', owner)).toEqual({ status: 'deleted' });
    expect(await statuses(one, creation('r'))).toEqual(['exists']);
  }
});

test('what is written meanwhile, by this store and by others, is not lost', async () => {
  let go = (): void => {};
  let isHeld = false;
  const fdatasync = ((fd: number, done: () => void) => {
    const isToken = readdirSync(join(folder, 'tmp')).length > 0;
    if (!isToken || isHeld) return nodeDisk.fdatasync(fd, done);
    isHeld = true;
    go = () => nodeDisk.fdatasync(fd, done);
  }) as Disk['fdatasync'];
  const store = open({ fdatasync });
  const other = open();
  await begin(store);
  await commitUntil(store, () => isHeld);
  const before = inode();
  await commit(store, turn('r', 7));
  await other.enqueue('r', { id: 'meanwhile', value: '' });
  await commit(other, turn('r', 8, { take: ['a'], close: ['r/q'], dropFrom: 5, dropBefore: 6 }));
  const expected = await contents(other, 'r');
  go();
  await expect.poll(inode).not.toBe(before);
  for (const one of [store, other, open()]) expect(await contents(one, 'r')).toEqual(expected);
  expect(await keysOf(store, 'r', 'inbox')).toEqual(['b', 'meanwhile']);
  expect(await statuses(other, turn('r', 8), turn('r', 9))).toEqual(['conflict', 'committed']);
});

/** A store that is stopped for good when it calls this. */
function stoppedAt(call: (...args: string[]) => void): Partial<Disk> {
  const stop = (): never => {
    throw Object.assign(new Error('stopped'), { code: 'ENOENT' });
  };
  return {
    renameSync: ((from: string, to: string) => {
      if (!to.endsWith('r.jsonl')) return nodeDisk.renameSync(from, to);
      call(from, to);
      stop();
    }) as Disk['renameSync'],
    // What it would clear away is left as well.
    unlinkSync: ((path: string) => {
      if (!path.includes('r~')) nodeDisk.unlinkSync(path);
      else if (nodeDisk.statSync(path, { throwIfNoEntry: false }) === undefined) stop();
    }) as Disk['unlinkSync'],
  };
}

test('a store that is stopped before it gives the new file its name holds up nobody, and comes too late', async () => {
  let rename: [from: string, to: string] | undefined;
  const store = open(stoppedAt((from = '', to = '') => (rename ??= [from, to])));
  const other = open();
  await begin(store);
  await commitUntil(store, () => rename !== undefined);
  expect(readFileSync(file, 'utf8')).toContain('"sealed":true');
  const expected = await contents(other, 'r');
  expect(await other.enqueue('r', { id: 'm', value: '' })).toEqual({ status: 'queued' });
  await commit(other, turn('r', 7));
  expect(readFileSync(file, 'utf8')).not.toContain('"sealed":true');
  const [from, to] = rename!;
  expect(() => nodeDisk.renameSync(from, to)).toThrow('ENOENT');
  for (const one of [other, open()]) {
    expect(await loaded(one, 'r')).toEqual([4, 5, 6, 7]);
    expect(await keysOf(one, 'r', 'inbox')).toEqual(['b', 'a', 'm']);
    expect(await contents(one, 'r')).toMatchObject({
      questions: (expected as { questions: object }).questions,
    });
  }
});

test('a sealed file of a process that is gone can be read, and is written anew by the next commit', async () => {
  let isStopped = false;
  const store = open(stoppedAt(() => (isStopped = true)));
  await begin(store);
  await commitUntil(store, () => isStopped);
  const next = open();
  expect(await loaded(next, 'r')).toEqual([4, 5, 6]);
  expect(await statuses(next, turn('r', 7), turn('s', 2), turn('r', 8))).toEqual([
    'committed',
    'committed',
    'committed',
  ]);
  expect(await loaded(next, 'r')).toEqual([4, 5, 6, 7, 8]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('a sealed file that cannot be written anew fails the commits of its run, and of no other one', async () => {
  let isStopped = false;
  const store = open(stoppedAt(() => (isStopped = true)));
  await begin(store);
  await commitUntil(store, () => isStopped);
  let isFull = true;
  const openSync = ((path: string, ...rest: [string]) => {
    if (isFull && path.includes('r~')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    return nodeDisk.openSync(path, ...rest);
  }) as Disk['openSync'];
  const next = open({ openSync });
  const full = { status: 'failed', retry: true, error: { code: 'STORE', outcome: 'failed' } };
  const batch = [turn('s', 2), turn('r', 7), turn('s', 3)];
  expect(await next.commit(batch)).toMatchObject([{ status: 'committed' }, full, { status: 'committed' }]);
  isFull = false;
  expect(await statuses(next, turn('r', 7))).toEqual(['committed']);
});

test('many stores that write one file anew at once lose nothing', async () => {
  const many = Array.from({ length: 4 }, () => open());
  await begin(many[0]!);
  let seq = 6;
  for (let round = 0; round < 40; round++) {
    const outcomes = await Promise.all(
      many.map(async (store, i) =>
        i === round % 4 ? store.commit([turn('r', ++seq), garbage(round)]) : store.commit([garbage(i)]),
      ),
    );
    expect(outcomes.flat().map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'committed'));
    await many[(round + 1) % 4]!.enqueue('r', { id: `m${round}`, value: 'x'.repeat(1000) });
  }
  for (const store of [...many, open()]) {
    expect((await loaded(store, 'r')).at(-1)).toBe(seq);
    expect(await store.history('r', { from: 7, limit: 99 })).toHaveLength(40);
    expect(await keysOf(store, 'r', 'inbox')).toHaveLength(42);
  }
  expect(size()).toBeLessThan(400_000);
});
