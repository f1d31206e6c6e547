/** What somebody who can write the file, but has no key, can do to it: be found out. */
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteStore } from '../../adapters/sqlite/index.ts';
import { temporaryFile } from '../../test/support/stores.ts';
import { CorruptCheckpointError, StoreError } from '../errors.ts';
import type { RowKind, RunCommit, Store } from '../store.ts';
import { sealed } from './sealed.ts';

const key = 'a secret of some length';
const owner = 'owner';

/** A commit with a record of each kind. */
const creation = (run: string): RunCommit => ({
  run,
  owner,
  fence: 1,
  create: true,
  expect: 0,
  head: { machine: 'm', status: 'idle', createdAt: 1, tags: [], more: `more of ${run}` },
  checkpoints: [1, 2].map((seq) => ({
    seq,
    base: seq === 1,
    time: seq,
    header: `header ${seq} of ${run}`,
    body: `body ${seq} of ${run}`,
  })),
  put: [
    { kind: 'event', key: 'e', value: `event of ${run}` },
    { kind: 'outbox', key: 'o', value: `outbox of ${run}` },
    { kind: 'step', key: 's', value: `step of ${run}` },
    { kind: 'blob', key: 'b', value: new TextEncoder().encode(`blob of ${run}`) },
  ],
  ask: [{ id: `${run}/q`, machine: 'm', tags: [], opened: 1, value: `question of ${run}` }],
});

/** A file with the runs `a` and `b`, to which `change` does something before it is opened again. */
async function tampered(change: (db: Database.Database) => void): Promise<Store> {
  const path = temporaryFile();
  const store = sealed(sqliteStore(path, { synchronous: 'normal' }), { key });
  await store.lease(owner, 60_000);
  const outcomes = await store.commit([creation('a'), creation('b')]);
  expect(outcomes).toEqual([{ status: 'committed' }, { status: 'committed' }]);
  for (const run of ['a', 'b']) await store.enqueue(run, { id: 'm', value: `message of ${run}` });
  await store.lease(owner, 0);
  await store.close();
  const db = new Database(path);
  change(db);
  db.close();
  const again = sealed(sqliteStore(path), { key });
  onTestFinished(() => again.close());
  return again;
}

const ofRun = (run: string): string => `(SELECT rid FROM runs WHERE id = '${run}')`;
const row = async (store: Store, run: string, kind: RowKind | 'inbox', key: string): Promise<unknown> => {
  const [found] = await store.rows(run, kind, { key });
  return typeof found?.value === 'string' ? found.value : new TextDecoder().decode(found?.value);
};
const thrown = ({ damage }: { readonly damage?: Error | undefined }, value: string): string => {
  if (damage) throw damage;
  return value;
};

interface Kind {
  readonly name: string;
  readonly table: string;
  readonly column: string;
  /** Which row of the table belongs to a run. */
  readonly where: (run: string) => string;
  readonly read: (store: Store, run: string) => Promise<unknown>;
  readonly error: typeof StoreError | typeof CorruptCheckpointError;
  /** What its error names. */
  readonly names: string;
}

const checkpoint = (column: string, seq: number): Kind => ({
  name: `${column} ${seq}`,
  table: 'checkpoints',
  column,
  where: (run) => `key = (${ofRun(run)} << 28) + ${seq}`,
  read: async (store, run) => (await store.load(run)).map((row) => row[column as 'body'])[seq - 1],
  error: CorruptCheckpointError,
  names: `checkpoint ${seq} of run 'a' is damaged: its ${column}`,
});
const record = (kind: RowKind, key: string): Kind => ({
  name: kind,
  table: kind === 'step' ? 'steps' : 'records',
  column: 'value',
  where: (run) =>
    kind === 'step' ? `key >> 28 = ${ofRun(run)}` : `rid = ${ofRun(run)} AND kind = '${kind}'`,
  read: (store, run) => row(store, run, kind, key),
  error: StoreError,
  names: `row of kind '${kind}' with the key '${key}' of run 'a'`,
});

const kinds: readonly Kind[] = [
  {
    name: 'more',
    table: 'runs',
    column: 'more',
    where: (run) => `id = '${run}'`,
    read: async (store, run) => {
      const [stored] = await store.runs({ run, limit: 1 });
      return thrown(stored!, stored!.more);
    },
    error: StoreError,
    names: "head of run 'a'",
  },
  checkpoint('header', 1),
  checkpoint('header', 2),
  checkpoint('body', 1),
  checkpoint('body', 2),
  record('event', 'e'),
  record('outbox', 'o'),
  record('step', 's'),
  record('blob', 'b'),
  {
    name: 'message',
    table: 'inbox',
    column: 'value',
    where: (run) => `rid = ${ofRun(run)}`,
    read: (store, run) => row(store, run, 'inbox', 'm'),
    error: StoreError,
    names: "message 'm' of run 'a'",
  },
  {
    name: 'question',
    table: 'questions',
    column: 'value',
    where: (run) => `rid = ${ofRun(run)}`,
    read: async (store, run) => {
      const [question] = await store.questions({ run, limit: 1 });
      return thrown(question!, question!.value);
    },
    error: StoreError,
    names: "question 'a/q' of run 'a'",
  },
];

describe.each(kinds)('a record of the kind $name', ({ name, table, column, where, read, error, names }) => {
  const update = (value: string) => (db: Database.Database) => {
    const { changes } = db.prepare(`UPDATE ${table} SET ${column} = ${value} WHERE ${where('a')}`).run();
    expect(changes).toBe(1);
  };
  // What is binary stays so: SQLite would take the result for a text.
  const kept = (value: string): string => (name === 'blob' ? `CAST(${value} AS BLOB)` : value);

  const anotherChar = `iif(substr(${column}, 41, 1) = ${kept("'A'")}, 'B', 'A')`;

  it.each<[string, string]>([
    ['altered', kept(`substr(${column}, 1, 40) || ${anotherChar} || substr(${column}, 42)`)],
    ['cut short', kept(`substr(${column}, 1, length(${column}) - 4)`)],
    ['cut to a few bytes', kept(`substr(${column}, 1, 12)`)],
    ['emptied', kept("''")],
    ['written without a key', kept(`'{"a":1}'`)],
    ['taken from another run', `(SELECT ${column} FROM ${table} WHERE ${where('b')})`],
  ])('that is %s is refused by name, and others are well', async (_, value) => {
    const store = await tampered(update(value));
    const reading = read(store, 'a');
    await expect(reading).rejects.toBeInstanceOf(error);
    await expect(reading).rejects.toThrow(names);
    expect(await read(store, 'b')).toBe(`${name} of b`);
    const listed = await store.runs({ limit: 9 });
    expect(listed.map(({ run }) => run)).toEqual(['a', 'b']);
    expect(listed[1]).toMatchObject({ more: 'more of b' });
    const asked = await store.questions({ limit: 9 });
    expect(asked.map(({ id }) => id)).toEqual(['a/q', 'b/q']);
    expect(asked[1]).toMatchObject({ value: 'question of b' });
  });
});

it('a checkpoint that is put in the place of another one of its run is refused', async () => {
  const store = await tampered((db) =>
    db.exec(`UPDATE checkpoints SET (header, body) = (
               SELECT header, body FROM checkpoints WHERE key = (${ofRun('a')} << 28) + 1)
             WHERE key = (${ofRun('a')} << 28) + 2`),
  );
  await expect(store.load('a')).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', run: 'a', seq: 2 });
  expect(await store.load('a', 1)).toHaveLength(1);
});

it('a checkpoint that is passed off as a base is refused', async () => {
  const store = await tampered((db) =>
    db.exec(`UPDATE checkpoints SET base = 1 WHERE key = (${ofRun('a')} << 28) + 2`),
  );
  await expect(store.load('a')).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', seq: 2 });
});

it('a header and a body that are exchanged are refused', async () => {
  const store = await tampered((db) => db.exec('UPDATE checkpoints SET header = body, body = header'));
  await expect(store.load('a', 1)).rejects.toMatchObject({ code: 'CORRUPT_CHECKPOINT', seq: 1 });
});

it('a row that is put under another kind or key is refused', async () => {
  const store = await tampered((db) =>
    db.exec("UPDATE records SET kind = 'outbox', key = 'x' WHERE kind = 'event'"),
  );
  await expect(store.rows('a', 'outbox', { key: 'x' })).rejects.toThrow("kind 'outbox' with the key 'x'");
});

it('a history with one damaged header lists the others', async () => {
  const store = await tampered((db) =>
    db.exec(`UPDATE checkpoints SET header = 'x' WHERE key = (${ofRun('a')} << 28) + 1`),
  );
  const [first, second] = await store.history('a', { limit: 9 });
  expect(first).toMatchObject({ seq: 1, header: '', damage: { code: 'CORRUPT_CHECKPOINT', seq: 1 } });
  expect(second).toMatchObject({ seq: 2, header: 'header 2 of a' });
});

it('a message that stands in the way of a commit and is damaged fails that commit alone, and writes nothing', async () => {
  const store = await tampered((db) => db.exec(`UPDATE inbox SET value = 'x' WHERE rid = ${ofRun('a')}`));
  await store.lease('other', 60_000);
  const commits: RunCommit[] = [];
  for (const run of ['a', 'b']) {
    const acquired = await store.acquire(run, 'other');
    const { fence } = acquired as { fence: number };
    commits.push({
      run,
      owner: 'other',
      fence,
      unless: ['m'],
      put: [{ kind: 'event', key: 'n', value: '' }],
    });
  }
  expect(await store.commit(commits)).toMatchObject([
    { status: 'failed', retry: false, error: { message: expect.stringContaining("message 'm' of run 'a'") } },
    { status: 'taken', message: { id: 'm', value: 'message of b' } },
  ]);
  expect(await store.rows('a', 'event', { key: 'n' })).toEqual([]);
});
