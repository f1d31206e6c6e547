import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InvalidArgumentError, StoreError } from '../../src/errors.ts';
import { checkpoint, commit, creation, loaded, minute, owner, rowOf, turn } from '../conformance/fixtures.ts';
import { sqliteStore } from './index.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  path = join(folder, 'runs.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A closed file with one run. */
async function writeFile(turns = 1, synchronous: 'full' | 'normal' = 'normal'): Promise<void> {
  const store = sqliteStore(path, { synchronous });
  await store.lease(owner, minute);
  await commit(store, creation('r'));
  for (let seq = 2; seq <= turns; seq++) {
    await commit(store, turn('r', seq, { checkpoints: [checkpoint(seq, { body: 'x'.repeat(1000) })] }));
  }
  await store.lease(owner, 0);
  await store.close();
}

/** What the first call of a store on `path` fails with. */
async function failure(): Promise<StoreError> {
  const store = sqliteStore(path);
  try {
    await store.runs({ limit: 1 });
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    return error as StoreError;
  } finally {
    await store.close();
  }
  throw new Error('It did not fail.');
}

test('creating a store makes the folders and the file', async () => {
  path = join(folder, 'a', 'b', 'runs.db');
  const store = sqliteStore(path);
  expect(existsSync(path)).toBe(true);
  await store.close();
});

test('a file that cannot be made is tried again by each call', async () => {
  const parent = join(folder, 'a');
  writeFileSync(parent, 'in the way');
  const store = sqliteStore(join(parent, 'runs.db'));
  expect(() => store.runs({ limit: 1 })).toThrow(StoreError);
  rmSync(parent);
  expect(await store.runs({ limit: 1 })).toEqual([]);
  await store.close();
});

test('what was committed is there when the file is opened again', async () => {
  await writeFile(3);
  const store = sqliteStore(path);
  expect(await loaded(store, 'r')).toEqual([1, 2, 3]);
  await store.close();
});

test('a path or an option that makes no sense is refused at once', () => {
  expect(() => sqliteStore('')).toThrow(InvalidArgumentError);
  expect(() => sqliteStore(path, { synchronous: 'off' as 'full' })).toThrow(InvalidArgumentError);
});

test.each(['full', 'normal'] as const)(
  'a closed file is one file, little larger than what is in it (%s)',
  async (synchronous) => {
    await writeFile(1000, synchronous);
    expect(readdirSync(folder)).toEqual(['runs.db']);
    expect(statSync(path).size).toBeLessThan(1.5 * 1000 * 1000);
  },
);

test('an owner that gives up leaves an empty log, also while others have the file open', async () => {
  const other = sqliteStore(path);
  await other.runs({ limit: 1 });
  await writeFile(100);
  expect(statSync(`${path}-wal`).size).toBe(0);
  expect(await loaded(other, 'r')).toHaveLength(100);
  await other.close();
});

test.each([
  ['text', 'This is not a database, but a rather long letter about one. '.repeat(100)],
  ['a few bytes', 'hello'],
  ['zeros', '\0'.repeat(8192)],
])('a file that is not SQLite is refused and left as it was: %s', async (_, content) => {
  writeFileSync(path, content);
  const error = await failure();
  expect(error).toMatchObject({ code: 'STORE', outcome: 'failed', cause: { code: 'SQLITE_NOTADB' } });
  expect(error.message).toContain(path);
  expect(error.message).toContain('not an SQLite database');
  expect(readFileSync(path, 'utf8')).toBe(content);
});

test('the database of another application is refused and left as it was', async () => {
  for (const sql of ['CREATE TABLE t (x)', 'PRAGMA application_id = 7', 'PRAGMA user_version = 1']) {
    rmSync(path, { force: true });
    const other = new Database(path);
    other.exec(sql);
    other.close();
    const before = readFileSync(path);
    const error = await failure();
    expect(error.outcome).toBe('failed');
    expect(error.message).toContain(`${path} is a database of another application`);
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test('a file of a newer schema is refused and left as it was', async () => {
  await writeFile();
  const newer = new Database(path);
  newer.pragma('user_version = 99');
  newer.close();
  const before = readFileSync(path);
  const error = await failure();
  expect(error.outcome).toBe('failed');
  expect(error.message).toMatch(/newer savepoint \(schema 99.*Update savepoint/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('an empty file is a new store', async () => {
  writeFileSync(path, '');
  await writeFile();
  expect(statSync(path).size).toBeGreaterThan(0);
});

test.each([0.9, 0.5, 0.1])('a file that was cut to %d of its length is refused', async (part) => {
  await writeFile(300);
  truncateSync(path, Math.floor(statSync(path).size * part));
  const error = await failure();
  expect(error).toMatchObject({ outcome: 'failed', cause: { code: 'SQLITE_CORRUPT' } });
  expect(error.message).toContain(path);
  expect(error.message).toContain('damaged or cut short');
});

test.each([3000, 60])('a file of which %d bytes are left is refused', async (bytes) => {
  await writeFile(300);
  truncateSync(path, bytes);
  expect((await failure()).message).toContain(path);
});

test('a page that was overwritten fails typed where it is read', async () => {
  await writeFile(300);
  const bytes = readFileSync(path);
  bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 8192);
  writeFileSync(path, bytes);
  const store = sqliteStore(path);
  expect(() => store.load('r')).toThrow(StoreError);
  expect(() => store.load('r')).toThrow(/damaged or cut short/);
  await store.close();
});

test('a folder where the file should be is refused', async () => {
  mkdirSync(path);
  expect(await failure()).toMatchObject({ outcome: 'failed', cause: { code: 'SQLITE_CANTOPEN' } });
});

test('a file where a folder should be is refused', async () => {
  writeFileSync(path, '');
  path = join(path, 'runs.db');
  expect((await failure()).message).toContain(path);
});

test('one commit that cannot be stored takes nothing else of its batch down', async () => {
  const store = sqliteStore(path);
  await store.lease(owner, minute);
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await commit(store, ...ids.map((id) => creation(id)));
  const unfit = turn('c', 2, {
    put: [
      { kind: 'event', key: 'written first', value: '' },
      { kind: 'event', key: 'then refused', value: Symbol('no value') as unknown as string },
    ],
  });
  const outcomes = await store.commit([turn('a', 2), creation('new'), unfit, turn('d', 2), turn('e', 9)]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    'committed',
    'committed',
    'failed',
    'committed',
    'conflict',
  ]);
  expect(outcomes[2]).toMatchObject({ retry: false, error: { code: 'STORE', outcome: 'failed' } });
  expect(await rowOf(store, 'c', 'event', 'written first')).toBeUndefined();
  expect(await loaded(store, 'c')).toEqual([1]);
  await commit(store, turn('a', 3), turn('c', 2), turn('new', 2));
  await store.close();
});

test('a commit that meets a writer of another process waits, then fails and may be tried again', async () => {
  const store = sqliteStore(path);
  await store.lease(owner, minute);
  await commit(store, creation('r'));
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  const [single] = await store.commit([turn('r', 2)]);
  expect(single).toMatchObject({ status: 'failed', retry: true, error: { outcome: 'failed' } });
  const batch = await store.commit([turn('r', 2), creation('s')]);
  expect(batch).toMatchObject([
    { status: 'failed', retry: true },
    { status: 'failed', retry: true },
  ]);
  other.exec('ROLLBACK');
  other.close();
  await commit(store, turn('r', 2), creation('s'));
  await store.close();
});

/** Commits until one fails; the shell that starts it limits how large a file may grow. */
const filler = `
  import { sqliteStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  const store = sqliteStore(process.argv[1]);
  const owner = ${JSON.stringify(owner)};
  await store.lease(owner, 60_000);
  for (let seq = 2; seq < 1000; seq++) {
    const row = { seq, base: false, time: 0, header: '', body: 'x'.repeat(10_000) };
    const [outcome] = store.commit([{ run: 'r', owner, fence: 1, expect: seq - 1, checkpoints: [row] }]);
    if (outcome.status === 'committed') continue;
    console.log(JSON.stringify({ seq, ...outcome, outcome: outcome.error.outcome }));
    process.exit();
  }
`;

test.skipIf(process.platform === 'win32')(
  'a file that cannot grow fails a commit that may be tried again',
  async () => {
    const store = sqliteStore(path);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', filler, path];
    const child = spawnSync('sh', ['-c', 'ulimit -f 2000; exec "$@"', 'sh', ...node], { encoding: 'utf8' });
    const answer = JSON.parse(child.stdout) as { seq: number };
    expect(answer).toMatchObject({ status: 'failed', retry: true, outcome: 'failed' });
    expect(await store.load('r')).toHaveLength(answer.seq - 1);
    await commit(store, turn('r', answer.seq));
    await store.close();
  },
);

/** Root may write anything, so the test of a read-only file runs as another user. */
const script = `
  import { sqliteStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
  const answers = [];
  for (const call of [(s) => s.lease('o', 1000), (s) => s.acquire('r', 'o')]) {
    const store = sqliteStore(process.argv[1]);
    try { await call(store); answers.push(null); }
    catch (error) { answers.push({ code: error.code, outcome: error.outcome, message: error.message }); }
  }
  console.log(JSON.stringify(answers));
`;

test.each([
  ['file', 0o555, 0o444],
  ['folder', 0o555, 0o666],
])('a read-only %s is refused by name', async (_, folderMode, fileMode) => {
  await writeFile();
  chmodSync(path, fileMode);
  chmodSync(folder, folderMode);
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, path], {
    encoding: 'utf8',
  });
  chmodSync(folder, 0o755);
  expect(child.stderr).toBe('');
  for (const answer of JSON.parse(child.stdout) as unknown[]) {
    expect(answer).toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect((answer as Error).message).toContain(path);
    expect((answer as Error).message).toMatch(/read-only|may be read and written/);
  }
});
