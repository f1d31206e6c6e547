/** The driver that Node has itself, on a Node that has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvalidArgumentError, StoreError } from '../../src/errors.ts';
import { nodeWithSqlite, runOn } from '../../test/support/node-with-sqlite.ts';
import { commit, creation, loaded, minute, owner, turn } from '../conformance/fixtures.ts';
import { sqliteStore } from './index.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  path = join(folder, 'runs.db');
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test('a driver that there is not is refused at once', () => {
  expect(() => sqliteStore(path, { driver: 'sqlite3' as 'node:sqlite' })).toThrow(InvalidArgumentError);
});

describe('a Node', () => {
  const failure = async (module: object | undefined): Promise<StoreError> => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(module);
    const store = sqliteStore(path, { driver: 'node:sqlite' });
    const error = await Promise.resolve()
      .then(() => store.runs({ limit: 1 }))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreError);
    return error as StoreError;
  };

  test('without node:sqlite says which one has it, and what to do here', async () => {
    const { message, outcome } = await failure(undefined);
    expect(outcome).toBe('failed');
    expect(message).toMatch(/needs Node 24\.16 or newer; this is .*, which has none/);
    expect(message).toContain('npm install better-sqlite3@12');
  });

  test.each([
    ['knows no rows as arrays', {}, 'a\0b'],
    ['cuts texts at NUL', { setReturnArrays: () => {} }, 'a'],
  ])('whose node:sqlite %s is refused', async (_, prototype, text) => {
    const DatabaseSync = class {
      prepare = () => ({ get: () => ({ text }) });
      close = () => {};
    };
    const { message } = await failure({ DatabaseSync, StatementSync: { prototype } });
    expect(message).toMatch(/needs Node 24\.16 or newer.*which cuts texts at NUL characters/);
  });
});

describe.skipIf(nodeWithSqlite === undefined)('node:sqlite', () => {
  test('keeps every promise of a store', () => {
    const program = `
      import { join } from 'node:path';
      import { testStore } from './adapters/conformance/index.ts';
      import { sqliteStore } from './adapters/sqlite/index.ts';
      const driver = 'node:sqlite';
      testStore('the store on ' + driver, (place) => sqliteStore(join(process.argv[1], place), { driver }));`;
    const { said, code } = runOn(nodeWithSqlite!, program, folder);
    expect(code, said.slice(-5000)).toBe(0);
    expect(said).toMatch(/the store on node:sqlite: \d{3} promises kept, \d+ skipped/);
    process.stdout.write(`${/the store on node:sqlite: .*/.exec(said)?.[0]}\n`);
  }, 300_000);

  test('reads what better-sqlite3 wrote, and the other way round', async () => {
    const store = sqliteStore(path);
    await store.lease(owner, minute);
    const blob = { kind: 'blob', key: '\u{10ffff}\uffff', value: Uint8Array.of(0, 1, 255) } as const;
    await commit(store, creation('r', { put: [blob] }), turn('r', 2));
    await store.lease(owner, 0);
    await store.close();
    const program = `
      import { sqliteStore } from './adapters/sqlite/index.ts';
      const store = sqliteStore(process.argv[1], { driver: 'node:sqlite' });
      await store.lease('theirs', 60_000);
      const { fence } = await store.acquire('r', 'theirs');
      const rows = store.load('r');
      const row = { ...rows.at(-1), seq: 3 };
      const outcomes = store.commit([{ run: 'r', owner: 'theirs', fence, expect: 2, checkpoints: [row] }]);
      const [{ key, value }] = store.rows('r', 'blob', {});
      await store.lease('theirs', 0);
      store.close();
      console.log(JSON.stringify({ seqs: rows.map(({ seq }) => seq), outcomes, key, value: [...value] }));`;
    expect(JSON.parse(runOn(nodeWithSqlite!, program, path).said)).toEqual({
      seqs: [1, 2],
      outcomes: [{ status: 'committed' }],
      key: blob.key,
      value: [0, 1, 255],
    });
    const again = sqliteStore(path);
    expect(await loaded(again, 'r')).toEqual([1, 2, 3]);
    await again.close();
  });

  /** What a call fails with there. */
  const failureOf = (call: string): unknown => {
    const program = `
      import { sqliteStore } from './adapters/sqlite/index.ts';
      const store = sqliteStore(process.argv[1], { driver: 'node:sqlite' });
      const creation = {
        run: 'r', owner: 'o', fence: 1, create: true, expect: 0, checkpoints: [],
        head: { machine: 'm', status: 'idle', createdAt: 1, tags: [], more: '{}' },
      };
      const told = ({ code, outcome, message, cause }) => ({ code, outcome, message, cause: cause?.code });
      try {
        ${call}
      } catch (error) {
        console.log(JSON.stringify(told(error)));
      }`;
    return JSON.parse(runOn(nodeWithSqlite!, program, path).said);
  };

  test('says what is wrong with a file, as better-sqlite3 does', () => {
    const read = 'store.runs({ limit: 1 });';
    writeFileSync(path, 'This is not a database, but a rather long letter about one. '.repeat(100));
    expect(failureOf(read)).toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      cause: 'SQLITE_NOTADB',
      message: expect.stringContaining('it is not an SQLite database'),
    });
    expect(readFileSync(path, 'utf8')).toContain('This is not a database');
    rmSync(path);
    path = folder;
    expect(failureOf(read)).toMatchObject({ cause: 'SQLITE_CANTOPEN' });
  });

  test('says that another process is in the way, and that the same may go well later', async () => {
    await sqliteStore(path).close();
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const commits = `
      const [{ status, retry, error }] = store.commit([creation]);
      console.log(JSON.stringify({ status, retry, ...told(error) }));`;
    expect(failureOf(commits)).toMatchObject({ status: 'failed', retry: true, cause: 'SQLITE_BUSY' });
    other.exec('ROLLBACK');
    other.close();
  });
});
