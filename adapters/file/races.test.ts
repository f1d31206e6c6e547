/** What others do between the look at a run and the line that is appended to it. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  find,
  keysOf,
  loaded,
  minute,
  owner,
  puts,
  question,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';
import { fileStore } from './index.ts';

let folder: string;
/** Stops before it writes a line to a run, as often as `meanwhile` has something to do then. */
let slow: Store;
let other: Store;
let meanwhile: (() => unknown)[];
/** The same before it announces a line. */
let beforehand: (() => unknown)[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  meanwhile = [];
  beforehand = [];
  const writeSync = ((fd: number, bytes: Buffer, ...rest: [number, number, null]) => {
    if (bytes.includes('"prev":')) meanwhile.shift()?.();
    else if (bytes.includes('"runs":')) beforehand.shift()?.();
    return nodeDisk.writeSync(fd, bytes, ...rest);
  }) as Disk['writeSync'];
  slow = new FileStore(folder, { ...nodeDisk, writeSync });
  other = fileStore(folder);
  await slow.lease(owner, minute);
  await slow.lease('other', minute);
  await commit(slow, creation('r'));
});

afterEach(async () => {
  await slow.close();
  await other.close();
  rmSync(folder, { recursive: true });
});

test('a commit that was decided before another took the run is fenced, and leaves nothing', async () => {
  await slow.lease(owner, 1);
  await sleep(10);
  let taken: unknown;
  meanwhile.push(() => (taken = other.acquire('r', 'other')));
  const late = turn('r', 2, { put: [{ kind: 'step', key: 'k', value: '' }] });
  expect(await statuses(slow, late)).toEqual(['fenced']);
  expect(await taken).toEqual({ status: 'acquired', fence: 2 });
  for (const store of [slow, other, fileStore(folder)]) {
    expect(await loaded(store, 'r')).toEqual([1]);
    expect(await keysOf(store, 'r', 'step')).toEqual([]);
  }
  await commit(other, turn('r', 2, { owner: 'other', fence: 2 }));
  expect(await loaded(slow, 'r')).toEqual([1, 2]);
});

test('of two that take a run at once, one has it', async () => {
  await commit(slow, { run: 'r', owner, fence: 1, release: true });
  let first: unknown;
  meanwhile.push(() => (first = other.acquire('r', 'other')));
  expect(await slow.acquire('r', owner)).toMatchObject({ status: 'held' });
  expect(await first).toEqual({ status: 'acquired', fence: 2 });
});

test('of two that create a run at once, one has created it', async () => {
  let first: unknown;
  meanwhile.push(() => (first = other.commit([creation('n', { owner: 'other' })])));
  expect(await statuses(slow, creation('n'), turn('r', 2))).toEqual(['exists', 'committed']);
  expect(await first).toEqual([{ status: 'committed' }]);
  expect(await statuses(other, turn('n', 2, { owner: 'other' }))).toEqual(['committed']);
});

test('a message that comes before the commit that yields to it is found', async () => {
  meanwhile.push(() => other.enqueue('r', { id: 'm', value: 'hello' }));
  expect(await slow.commit([turn('r', 2, { unless: ['m'] })])).toEqual([
    { status: 'taken', message: { id: 'm', value: 'hello' } },
  ]);
});

test('a message that comes before the commit that yields to it is found by it, also where somebody reads it meanwhile', async () => {
  let read: unknown;
  await slow.listen!((run) => (read ??= slow.rows(run, 'inbox', {})));
  beforehand.push(() => other.enqueue('r', { id: 'm', value: 'hello' }));
  expect(await slow.commit([turn('r', 2, { unless: ['m'] })])).toEqual([
    { status: 'taken', message: { id: 'm', value: 'hello' } },
  ]);
  await expect.poll(() => read).toEqual([{ key: 'm', value: 'hello' }]);
  expect(await loaded(other, 'r')).toEqual([1]);
});

test('whoever is woken by a message finds it, also where they heard of it before it was written', async () => {
  const found: string[] = [];
  await other.listen!((run) => void keysOf(other, run, 'inbox').then((keys) => found.push(...keys)));
  // As a process writes that is stopped for a moment behind its announcement.
  const writeSync = ((...given: [number, Buffer, number, number, null]) => {
    if (!given[1].includes('"prev":')) return nodeDisk.writeSync(...given);
    void other.runs({ limit: 1 });
    setTimeout(() => appendFileSync(join(folder, 'runs', 'r.jsonl'), given[1]), 2);
    throw new Error('stopped');
  }) as Disk['writeSync'];
  const stopped = new FileStore(folder, { ...nodeDisk, writeSync });
  await other.runs({ limit: 1 });
  await expect(stopped.enqueue('r', { id: 'm', value: 'hello' })).rejects.toThrow('stopped');
  await expect.poll(() => found).toEqual(['m']);
  await stopped.close();
});

test('a commit that others came before, again and again, is written in the end', async () => {
  for (const id of ['a', 'b', 'c']) meanwhile.push(() => other.enqueue('r', { id, value: '' }));
  expect(await statuses(slow, turn('r', 2))).toEqual(['committed']);
  expect(await keysOf(other, 'r', 'inbox')).toEqual(['a', 'b', 'c']);
  expect(await loaded(other, 'r')).toEqual([1, 2]);
});

test('of two that leave the same message at once, one has left it', async () => {
  let first: unknown;
  meanwhile.push(() => (first = other.enqueue('r', { id: 'm', value: 'v' })));
  expect(await slow.enqueue('r', { id: 'm', value: 'v' })).toEqual({ status: 'known', value: 'v' });
  expect(await first).toEqual({ status: 'queued' });
});

test('of two handles of one owner that commit the same seq, one has committed it', async () => {
  let first: unknown;
  meanwhile.push(() => (first = other.commit([turn('r', 2, { put: [] })])));
  expect(await statuses(slow, turn('r', 2, { take: ['x'] }))).toEqual(['conflict']);
  expect(await first).toEqual([{ status: 'committed' }]);
  expect(await find(other, 'r')).toMatchObject({ seq: 2 });
});

test('what comes between one run and its line does not disturb the others of a batch', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `run-${i}`);
  await commit(slow, ...ids.map((id) => creation(id)));
  for (const id of ids) meanwhile.push(() => other.enqueue(id, { id: 'm', value: '' }));
  expect(await statuses(slow, ...ids.map((id) => turn(id, 2)), turn('r', 9), turn('r', 2))).toEqual([
    ...ids.map(() => 'committed'),
    'conflict',
    'committed',
  ]);
  for (const id of ids) expect(await keysOf(slow, id, 'inbox')).toEqual(['m']);
});

test('many commits of one handle, none of which is waited for, are all written, in their order', async () => {
  const all = Array.from({ length: 200 }, async (_, i) =>
    i % 3 === 0
      ? slow.enqueue('r', { id: `m${i}`, value: '' })
      : slow.commit([{ ...puts('r', 'step', `k${i}`), ask: [question(`r/${i % 5}`)] }]),
  );
  await Promise.all(all);
  expect(await keysOf(other, 'r', 'inbox')).toHaveLength(67);
  expect(await keysOf(other, 'r', 'step')).toHaveLength(133);
  expect(await other.questions({ run: 'r', limit: 9 })).toHaveLength(5);
});
