/** The folder: what it looks like, and which folders are no stores. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InvalidArgumentError, StoreError } from '../../src/errors.ts';
import {
  checkpoint,
  commit,
  creation,
  keysOf,
  loaded,
  minute,
  owner,
  question,
  questionIds,
  runIds,
  turn,
} from '../conformance/fixtures.ts';
import { fileStore } from './index.ts';

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'savepoint-'));
  folder = join(parent, 'store');
});

afterEach(() => rmSync(parent, { recursive: true }));

/** A closed store with one run. */
async function write(): Promise<void> {
  const store = fileStore(folder);
  await store.lease(owner, minute);
  const first = checkpoint(1, { base: true, header: '{"value":"idle"}', body: '{"context":{"amount":90}}' });
  await commit(store, creation('refund-42', { checkpoints: [first], ask: [question('refund-42/q')] }));
  await commit(store, turn('refund-42', 2));
  await store.enqueue('refund-42', { id: 'm', value: '{"type":"APPROVE"}' });
  await store.lease(owner, 0);
  await store.close();
}

/** What the first call of a store fails with; the folder is as it was. */
async function failure(): Promise<StoreError> {
  const before = listing(parent);
  const store = fileStore(folder);
  try {
    await store.runs({ limit: 1 });
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    expect((error as StoreError).outcome).toBe('failed');
    expect((error as StoreError).message).toContain(folder);
    expect(listing(parent)).toEqual(before);
    return error as StoreError;
  } finally {
    await store.close();
  }
  throw new Error('It did not fail.');
}

const listing = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();

test('nothing is made before the first call, and then all folders on the way', async () => {
  folder = join(parent, 'a', 'b', 'store');
  const store = fileStore(folder);
  expect(existsSync(join(parent, 'a'))).toBe(false);
  expect(await runIds(store)).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['changes', 'owners', 'runs', 'savepoint.json', 'tmp']);
  await store.close();
});

test('a run is a file of JSON lines that a person can read', async () => {
  await write();
  expect(readdirSync(join(folder, 'runs'))).toEqual(['refund-42.jsonl']);
  const text = readFileSync(join(folder, 'runs', 'refund-42.jsonl'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    {
      n: 1,
      run: 'refund-42',
      hold: { owner },
      fence: 1,
      head: { machine: 'refund', status: 'running', more: {} },
      checkpoints: [{ seq: 1, base: true, header: { value: 'idle' }, body: { context: { amount: 90 } } }],
      ask: [{ id: 'refund-42/q' }],
    },
    { n: 2, checkpoints: [{ seq: 2, body: 'body 2' }] },
    { n: 3, messages: [{ id: 'm', value: { type: 'APPROVE' } }] },
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'savepoint.json'), 'utf8'))).toEqual({
    application: 'savepoint',
    format: 1,
  });
});

test('what was committed is there when the folder is opened again, or was moved', async () => {
  await write();
  const moved = join(parent, 'moved');
  spawnSync('mv', [folder, moved]);
  const store = fileStore(moved);
  expect(await loaded(store, 'refund-42')).toEqual([1, 2]);
  expect(await questionIds(store)).toEqual(['refund-42/q']);
  expect(await keysOf(store, 'refund-42', 'inbox')).toEqual(['m']);
  await store.close();
});

test('of an owner that has given up nothing is left', async () => {
  await write();
  expect(readdirSync(join(folder, 'owners'))).toEqual([]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('a path that makes no sense is refused at once', () => {
  expect(() => fileStore('')).toThrow(InvalidArgumentError);
  expect(() => fileStore(7 as unknown as string)).toThrow(InvalidArgumentError);
});

test('a folder of something else is refused and left as it was', async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.txt'), 'mine');
  expect((await failure()).message).toContain("holds other things, such as 'thesis.txt'");
});

test.each(['{"application":"another","format":1}', '{"format":1}', 'null', '', '{"appl'])(
  'a folder whose savepoint.json says %s is refused and left as it was',
  async (text) => {
    await write();
    writeFileSync(join(folder, 'savepoint.json'), text);
    expect((await failure()).message).toContain('is no store that savepoint can read');
    expect(readFileSync(join(folder, 'savepoint.json'), 'utf8')).toBe(text);
  },
);

test('a store of a newer format is refused and left as it was', async () => {
  await write();
  writeFileSync(join(folder, 'savepoint.json'), '{"application":"savepoint","format":2}');
  expect((await failure()).message).toMatch(
    /newer savepoint \(format 2; this one knows 1\). Update savepoint/,
  );
});

test('an empty folder, one with hidden files, and a mount point are good for a new store', async () => {
  mkdirSync(join(folder, 'lost+found'), { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*');
  await write();
  expect(existsSync(join(folder, 'savepoint.json'))).toBe(true);
});

test('a file where the folder should be is refused, and tried again by each call', async () => {
  writeFileSync(folder, 'in the way');
  const store = fileStore(folder);
  for (let i = 0; i < 2; i++) {
    await expect(async () => store.runs({ limit: 1 })).rejects.toThrow('a file is in the way');
  }
  rmSync(folder);
  expect(await runIds(store)).toEqual([]);
  await store.close();
});

/** Root may write anything, so the test of a read-only folder runs as another user. */
const script = `
  import { fileStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
  const answers = [];
  for (const call of [(s) => s.lease('o', 1000), (s) => s.acquire('refund-42', 'o')]) {
    const store = fileStore(process.argv[1]);
    try { await call(store); answers.push(null); }
    catch (error) { answers.push({ code: error.code, outcome: error.outcome, message: error.message }); }
  }
  console.log(JSON.stringify(answers));
`;

test('a folder that may not be written to is refused by name', async () => {
  await write();
  const all = [folder, ...listing(folder).map((name) => join(folder, name))];
  chmodSync(parent, 0o755);
  for (const path of all.reverse()) chmodSync(path, 0o555);
  const node = ['--import', 'tsx', '--input-type=module', '-e', script, folder];
  const child = spawnSync(process.execPath, node, { encoding: 'utf8' });
  for (const path of all.reverse()) chmodSync(path, 0o755);
  expect(child.stderr).toBe('');
  for (const answer of JSON.parse(child.stdout) as unknown[]) {
    expect(answer).toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect((answer as Error).message).toMatch(
      new RegExp(`${folder}.* (may not be read and written|is read-only)`),
    );
  }
});
