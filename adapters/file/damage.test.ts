/** Files that somebody or something has changed. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptCheckpointError, StoreError } from '../../src/errors.ts';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  find,
  historyOf,
  loaded,
  minute,
  owner,
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
  for (let seq = 2; seq <= 5; seq++) await commit(store, turn('r', seq));
  await store.close();
  store = fileStore(folder);
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Changes a line of the file, counted from 1. */
function change(line: number, body: (text: string) => string): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  lines[line - 1] = body(lines[line - 1]!);
  writeFileSync(file, lines.join('\n'));
}

const altered = (text: string): string => text.replace(/body/, 'bodY');

/** What is wrong is told to whoever asks for this run, and to nobody else. */
async function expectDamage(line: number, readable: number[]): Promise<void> {
  const told = { run: 'r', message: expect.stringContaining(`line ${line} of ${file}`) };
  const calls = [
    () => store.load('r'),
    () => store.acquire('r', owner),
    () => store.enqueue('r', { id: 'm', value: '' }),
    () => store.rows('r', 'step', {}),
  ];
  for (const call of calls) {
    await expect(async () => call()).rejects.toThrow(CorruptCheckpointError);
    await expect(async () => call()).rejects.toMatchObject(told);
  }
  const [bad, good] = await store.commit([turn('r', 6), turn('s', 2)]);
  expect(bad).toMatchObject({ status: 'failed', retry: false, error: told });
  expect(good).toEqual({ status: 'committed' });
  expect(await runIds(store)).toEqual(readable.length > 0 ? ['r', 's'] : ['s']);
  expect(await historyOf(store, 'r')).toEqual(readable);
  for (const seq of readable) expect((await loaded(store, 'r', seq)).at(-1)).toBe(seq);
  await expect(async () => store.load('r', 5)).rejects.toThrow(CorruptCheckpointError);
}

describe('a line that was altered', () => {
  test.each([
    ['in the middle', 3, altered],
    ['at the end', 5, altered],
    ['in its sum', 3, (text: string) => text.replace(/"sum":"./, '"sum":"x')],
    ['in its number', 4, (text: string) => text.replace('"n":4', '"n":5')],
    ['to something else', 4, () => '{"hello":"world"}'],
  ])('%s is told by file, line and run; what was before can be read', async (_, line, body) => {
    change(line, body);
    await expectDamage(line, range(line - 1));
  });

  test.each([
    ['is gone', () => ''],
    ['is the one before, once more', () => readFileSync(file, 'utf8').split('\n')[1]!],
  ])('in place of which there is nothing new is missed by the next one: it %s', async (_, body) => {
    change(3, body);
    await expectDamage(4, [1, 2]);
  });

  test('at the very beginning leaves no run to list', async () => {
    change(1, altered);
    await expectDamage(1, []);
  });

  test('is found by a store that has read the file before, where it is read again', async () => {
    expect(await loaded(store, 'r')).toEqual(range(5));
    change(5, altered);
    await expectDamage(5, range(4));
  });

  test('is good again when it is cut off with all behind it', async () => {
    change(4, altered);
    await expect(async () => store.load('r')).rejects.toThrow(CorruptCheckpointError);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${lines.slice(0, 3).join('\n')}\n`);
    expect(await loaded(store, 'r')).toEqual([1, 2, 3]);
    await commit(store, turn('r', 4));
    expect(await find(store, 'r')).toMatchObject({ seq: 4 });
  });
});

test('a line that somebody added is told, and nothing is appended behind it', async () => {
  appendFileSync(file, 'a note\n');
  await expect(async () => store.load('r')).rejects.toThrow(`line 6 of ${file} is not what was written`);
  const before = readFileSync(file, 'utf8');
  expect(await store.commit([turn('r', 6)])).toMatchObject([{ status: 'failed', retry: false }]);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('the file of one run under the name of another is refused', async () => {
  copyFileSync(file, join(folder, 'runs', 's.jsonl'));
  await expect(async () => store.load('s')).rejects.toThrow(StoreError);
  await expect(async () => store.load('s')).rejects.toThrow("holds the run 'r', not 's'");
  expect(await runIds(store)).toEqual(['r']);
  expect(await loaded(store, 'r')).toEqual(range(5));
});

test('files of others in the folder are left alone', async () => {
  writeFileSync(join(folder, 'runs', 'notes.txt'), 'mine');
  writeFileSync(join(folder, 'runs', 'mine.jsonl'), '{"a":1}\n{"b":2}\n');
  copyFileSync(file, join(folder, 'runs', 'copy of r.jsonl'));
  expect(await runIds(store)).toEqual(['r', 's']);
  await commit(store, turn('r', 6));
  expect(readFileSync(join(folder, 'runs', 'mine.jsonl'), 'utf8')).toBe('{"a":1}\n{"b":2}\n');
});

test('a file that was put back from a backup is read anew', async () => {
  const backup = `${file}.backup`;
  copyFileSync(file, backup);
  await commit(store, turn('r', 6), turn('s', 2));
  expect(await loaded(store, 'r')).toEqual(range(6));
  renameSync(backup, file);
  expect(await loaded(store, 'r')).toEqual(range(5));
  await commit(store, turn('r', 6));
  expect(await loaded(store, 'r')).toEqual(range(6));
});

test('a file that was removed by hand is a run that is not there', async () => {
  expect(await loaded(store, 'r')).toEqual(range(5));
  rmSync(file);
  expect(await find(store, 'r')).toBeUndefined();
  expect(await store.commit([turn('r', 6)])).toEqual([{ status: 'fenced' }]);
  await commit(store, creation('r'));
  expect(await loaded(store, 'r')).toEqual([1]);
});

function range(to: number): number[] {
  return Array.from({ length: to }, (_, i) => i + 1);
}
