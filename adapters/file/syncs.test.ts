/** What is answered is on the disk. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  find,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  removal,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';
import { fileStore } from './index.ts';

type Callback = (error: NodeJS.ErrnoException | null) => void;

let folder: string;
let store: Store;
/** Syncs that are asked for and not done yet: those of files, and those of names. */
let waiting: { kind: 'file' | 'names'; go: (error?: Error) => void }[];
/** Syncs are done at once. */
let isQuick: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  waiting = [];
  isQuick = true;
  const held = (kind: 'file' | 'names', real: Disk['fsync']) =>
    ((fd: number, done: Callback) => {
      if (isQuick) return real(fd, done);
      waiting.push({ kind, go: (error) => (error === undefined ? real(fd, done) : done(error)) });
    }) as Disk['fsync'];
  store = new FileStore(folder, {
    ...nodeDisk,
    fdatasync: held('file', nodeDisk.fdatasync),
    fsync: held('names', nodeDisk.fsync),
  });
  await store.lease(owner, minute);
  await commit(store, creation('r'));
  isQuick = false;
});

afterEach(async () => {
  isQuick = true;
  for (const { go } of waiting) go();
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Lets the syncs happen one by one. The call is answered after the last of them, and not before. */
async function expectSyncs(call: unknown, kinds: string[]): Promise<void> {
  let isAnswered = false;
  const answer = Promise.resolve(call).then((value) => {
    isAnswered = true;
    return value;
  });
  await sleep(20);
  expect(waiting.map(({ kind }) => kind).sort()).toEqual(kinds.toSorted());
  for (const { go } of waiting.splice(0)) {
    expect(isAnswered).toBe(false);
    go();
    await sleep(5);
  }
  await answer;
}

test('a commit is answered when its file is synced', async () => {
  await expectSyncs(store.commit([turn('r', 2)]), ['file']);
});

test('a run is created when its file and the name of it are synced', async () => {
  await expectSyncs(store.commit([creation('n')]), ['file', 'names']);
  await expectSyncs(store.commit([turn('n', 2)]), ['file']);
});

test('a batch is answered when all its files are synced, and the names of the new ones at once', async () => {
  await expectSyncs(store.commit([turn('r', 2), creation('a'), creation('b')]), [
    'file',
    'file',
    'file',
    'names',
  ]);
});

test('a run is taken, and a message is left, when that is synced', async () => {
  await expectSyncs(store.acquire('r', owner), ['file']);
  await expectSyncs(store.enqueue('r', { id: 'm', value: '' }), ['file']);
});

test('a message is known when it is synced, whoever left it', async () => {
  const other = fileStore(folder);
  await other.enqueue('r', { id: 'm', value: 'v' });
  await expectSyncs(store.enqueue('r', { id: 'm', value: 'v' }), ['file']);
  await other.close();
});

test('a name is synced again by whoever finds the file, as its maker may not have come so far', async () => {
  const other = fileStore(folder);
  await other.lease('other', minute);
  await commit(other, creation('n', { owner: 'other' }));
  await expectSyncs(store.enqueue('n', { id: 'm', value: '' }), ['file', 'names']);
  await expectSyncs(store.enqueue('n', { id: 'n', value: '' }), ['file']);
  await other.close();
});

test('what was refused, and what is only read, waits for no sync', async () => {
  expect(await statuses(store, turn('r', 9), turn('none', 2), turn('r', 2, { fence: 7 }))).toEqual([
    'conflict',
    'fenced',
    'fenced',
  ]);
  expect(await store.acquire('none', owner)).toEqual({ status: 'missing' });
  expect(await loaded(store, 'r')).toEqual([1]);
  expect(waiting).toEqual([]);
});

test('reads answer at once', () => {
  expect(store.load('r')).toHaveLength(1);
  expect(store.runs({ run: 'r', limit: 1 })).toHaveLength(1);
  expect(store.history('r', { limit: 1 })).toHaveLength(1);
  expect(store.rows('r', 'step', {})).toEqual([]);
  expect(store.lease(owner, minute)).toBeUndefined();
});

const broken = Object.assign(new Error('the disk is broken'), { code: 'EIO' });
const inode = (): number => statSync(join(folder, 'runs', 'r.jsonl')).ino;

test('a file that cannot be synced has an unknown outcome, and is written anew before it is read', async () => {
  const before = inode();
  const answer = store.commit([turn('r', 2, { head: head({ status: 'idle' }) })]);
  waiting.pop()!.go(broken);
  await expect(answer).rejects.toThrow(StoreError);
  await expect(answer).rejects.toMatchObject({ outcome: 'unknown', cause: broken });
  isQuick = true;
  expect(inode()).toBe(before);
  expect(await find(store, 'r')).toMatchObject({ seq: 2, status: 'idle' });
  expect(inode()).not.toBe(before);
  expect(await statuses(store, turn('r', 2), turn('r', 3))).toEqual(['conflict', 'committed']);
});

test('a file that still cannot be synced tells nothing and takes nothing, and others do', async () => {
  const answer = store.commit([turn('r', 2)]);
  waiting.pop()!.go(broken);
  await expect(answer).rejects.toMatchObject({ outcome: 'unknown' });
  const again = [find(store, 'r'), store.commit([turn('r', 2)])] as const;
  await sleep(20);
  for (const { go } of waiting.splice(0)) go(broken);
  await expect(again[0]).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
  expect(await again[1]).toMatchObject([{ status: 'failed', retry: true }]);
  isQuick = true;
  await commit(store, creation('s'));
  await commit(store, turn('r', 3));
  expect(await loaded(store, 'r')).toEqual([1, 2, 3]);
});

test('a name that cannot be synced has an unknown outcome, and a new run is there afterwards', async () => {
  const answer = store.commit([creation('n')]);
  for (const { kind, go } of waiting.splice(0)) go(kind === 'names' ? broken : undefined);
  await expect(answer).rejects.toMatchObject({ outcome: 'unknown' });
  isQuick = true;
  expect(await find(store, 'n')).toMatchObject({ seq: 1 });
  await commit(store, turn('n', 2));
});

test('a removed run is gone when that is synced', async () => {
  await expectSyncs(store.commit([removal('r')]), ['file']);
  expect(await keysOf(store, 'r', 'step')).toEqual([]);
});
