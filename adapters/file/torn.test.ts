/** Lines that were cut off: a killed process, a full disk, a power cut. */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
  puts,
  runIds,
  turn,
} from '../conformance/fixtures.ts';
import { fileStore } from './index.ts';

let folder: string;
let file: string;
let store: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  file = join(folder, 'runs', 'r.jsonl');
  store = fileStore(folder);
  await store.lease(owner, minute);
  await commit(store, creation('r'), creation('s'));
  await commit(store, turn('r', 2));
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** The length of the file before its last line, and with it. */
async function withLastLine(): Promise<{ before: number; after: number }> {
  const before = statSync(file).size;
  const put = [{ kind: 'step', key: 'k', value: 'é😀 {"sum":"00000000"' }] as const;
  await commit(store, turn('r', 3, { put, head: head({ status: 'idle' }) }));
  return { before, after: statSync(file).size };
}

test('a last line that is cut off at any byte is as if it had never been', async () => {
  const { before, after } = await withLastLine();
  const whole = readFileSync(file);
  for (let cut = before; cut < after; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    const opened = fileStore(folder);
    expect(await loaded(opened, 'r'), `cut at ${cut}`).toEqual([1, 2]);
    expect(await find(opened, 'r')).toMatchObject({ seq: 2, status: 'running' });
    expect(await keysOf(opened, 'r', 'step')).toEqual([]);
    await commit(opened, turn('r', 3));
    await commit(opened, puts('r', 'event', 'e'));
    await opened.close();
    const again = fileStore(folder);
    expect(await loaded(again, 'r'), `committed after a cut at ${cut}`).toEqual([1, 2, 3]);
    expect(await keysOf(again, 'r', 'event')).toEqual(['e']);
    expect(await runIds(again)).toEqual(['r', 's']);
    await again.close();
  }
}, 120_000);

test('a first line that is cut off at any byte is no run, and its id is free', async () => {
  const whole = readFileSync(file);
  const first = whole.indexOf('\n');
  for (let cut = 0; cut <= first; cut += 7) {
    writeFileSync(file, whole.subarray(0, cut));
    const opened = fileStore(folder);
    expect(await find(opened, 'r')).toBeUndefined();
    expect(await runIds(opened)).toEqual(['s']);
    expect(await opened.enqueue('r', { id: 'm', value: '' })).toEqual({ status: 'missing' });
    await commit(opened, creation('r'));
    expect(await loaded(opened, 'r')).toEqual([1]);
    await opened.close();
  }
}, 60_000);

test('a line that is cut off under an open store is passed over by it as well', async () => {
  const other = fileStore(folder);
  expect(await loaded(other, 'r')).toEqual([1, 2]);
  appendFileSync(file, '{"sum":"12345678","n":3,"prev":"');
  expect(await loaded(store, 'r')).toEqual([1, 2]);
  expect(await loaded(other, 'r')).toEqual([1, 2]);
  await commit(store, turn('r', 3));
  expect(await loaded(other, 'r')).toEqual([1, 2, 3]);
  appendFileSync(file, '{"sum"');
  await commit(store, turn('r', 4));
  expect(await loaded(other, 'r')).toEqual([1, 2, 3, 4]);
  await other.close();
});

test('the holes that a power cut leaves are passed over', async () => {
  const { before, after } = await withLastLine();
  const whole = readFileSync(file);
  for (const [from, to] of [
    [before, after],
    [before, before + 20],
    [after - 20, after],
    [before + 30, after - 1],
  ] as const) {
    const holey = Buffer.from(whole);
    holey.fill(0, from, to);
    writeFileSync(file, holey);
    const opened = fileStore(folder);
    expect(await loaded(opened, 'r')).toEqual([1, 2]);
    await commit(opened, turn('r', 3));
    expect(await loaded(opened, 'r')).toEqual([1, 2, 3]);
    await opened.close();
  }
});

test('what is cut off of the announcements hides nothing', async () => {
  const other = fileStore(folder);
  expect(await runIds(other)).toEqual(['r', 's']);
  const announcements = join(folder, 'changes', '1.jsonl');
  truncateSync(announcements, statSync(announcements).size - 5);
  appendFileSync(announcements, '{"sum":"');
  await commit(store, creation('t'), turn('r', 3, { head: head({ status: 'idle' }) }));
  expect(await runIds(other)).toEqual(['r', 's', 't']);
  expect(await runIds(other, { status: ['idle'] })).toEqual(['r']);
  await other.close();
});
