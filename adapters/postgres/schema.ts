/**
 * The tables, and how a database gets them. The version is in the table `savepoint`; a step that was once
 * released never changes.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Connection, Query } from './connection.ts';
import { QueryError } from './failure.ts';

/**
 * - Times are milliseconds since 1970, as they are given; but those by which this store itself judges are
 *   `timestamptz`, by the clock of the database.
 * - Ids, and keys of `records`, are written with `ordered`, all other texts with `stored`.
 * - `runs.rev` rises with each write to a run or its inbox: a statement that had to wait for another one
 *   sees by it that what it has read is no longer so, and starts over. `owner` is an `owners.oid`; where
 *   that row is gone, the run is free.
 * - A run that was deleted is left as a row without a status until `buried`: so its id is taken by the
 *   one index that all writers meet at.
 * - `runs_listed` serves every list but those by tag: a list over several statuses merges them. Each
 *   further index would be written at each change of a status. `runs_due` has only the runs that wait for
 *   a time. Room is left in the pages of `runs` so that a commit without a new status writes no index.
 * - `inbox.n` is the run's `rev`, and so rises in the order of arrival.
 * - A list of questions is led by one of their indexes, or by `question_tags`.
 */
const steps: readonly ((schema: string) => readonly string[])[] = [
  (s) => [
    `CREATE TABLE ${s}.owners (
       oid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       id text COLLATE "C" NOT NULL UNIQUE,
       expires timestamptz NOT NULL,
       holder text NOT NULL
     )`,
    `CREATE TABLE ${s}.runs (
       rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       id text COLLATE "C" NOT NULL UNIQUE,
       fence bigint NOT NULL,
       owner bigint,
       rev bigint NOT NULL,
       seq bigint NOT NULL,
       updated double precision NOT NULL,
       machine text COLLATE "C" NOT NULL,
       version text,
       status text COLLATE "C",
       due double precision,
       created double precision NOT NULL,
       tags text[] NOT NULL,
       more text NOT NULL,
       buried timestamptz
     ) WITH (fillfactor = 70)`,
    `CREATE INDEX runs_listed ON ${s}.runs (status, created, id, machine) WHERE status IS NOT NULL`,
    `CREATE INDEX runs_due ON ${s}.runs (due, id) WHERE due IS NOT NULL`,
    `CREATE INDEX runs_buried ON ${s}.runs (buried) WHERE buried IS NOT NULL`,
    `CREATE TABLE ${s}.tags (
       tag text COLLATE "C" NOT NULL,
       created double precision NOT NULL,
       id text COLLATE "C" NOT NULL,
       rid bigint NOT NULL,
       PRIMARY KEY (tag, created, id)
     )`,
    `CREATE TABLE ${s}.checkpoints (
       rid bigint NOT NULL,
       seq bigint NOT NULL,
       base boolean NOT NULL,
       time double precision NOT NULL,
       header text NOT NULL,
       body text NOT NULL,
       PRIMARY KEY (rid, seq)
     )`,
    `CREATE TABLE ${s}.records (
       rid bigint NOT NULL,
       kind text COLLATE "C" NOT NULL,
       key text COLLATE "C" NOT NULL,
       value text,
       bytes bytea,
       PRIMARY KEY (rid, kind, key)
     )`,
    `CREATE TABLE ${s}.inbox (
       rid bigint NOT NULL,
       n bigint NOT NULL,
       id text COLLATE "C" NOT NULL,
       value text NOT NULL,
       PRIMARY KEY (rid, n),
       UNIQUE (rid, id)
     )`,
    `CREATE TABLE ${s}.questions (
       id text COLLATE "C" NOT NULL PRIMARY KEY,
       rid bigint NOT NULL,
       machine text COLLATE "C" NOT NULL,
       assignee text COLLATE "C",
       tags text[] NOT NULL,
       opened double precision NOT NULL,
       value text NOT NULL
     )`,
    `CREATE INDEX questions_listed ON ${s}.questions (opened, id)`,
    `CREATE INDEX questions_by_run ON ${s}.questions (rid, opened, id)`,
    `CREATE INDEX questions_by_machine ON ${s}.questions (machine, opened, id)`,
    `CREATE INDEX questions_by_assignee ON ${s}.questions (assignee, opened, id) WHERE assignee IS NOT NULL`,
    `CREATE TABLE ${s}.question_tags (
       tag text COLLATE "C" NOT NULL,
       opened double precision NOT NULL,
       id text COLLATE "C" NOT NULL,
       PRIMARY KEY (tag, opened, id)
     )`,
  ],
];

/** SQLSTATEs that a second process meets while a first one creates the same things. */
const creating = ['23505', '42P06', '42P07', '42710', 'XX000', '40001', '40P01'];

/** How often to look again while others create the tables. */
const mostLooks = 50;

/** What there is in the database. */
interface Found {
  readonly server: string;
  readonly schemas: string | number;
  readonly relations: string | number;
  readonly ours: string | number;
}

/** What the server is that has the tables. */
export interface Server {
  /** CockroachDB writes no table twice in a statement, and sends no notifications. */
  readonly isCockroach: boolean;
}

/** Creates what is missing, in one transaction; any number of processes may do so at once. */
export async function prepareSchema(connection: Connection): Promise<Server> {
  for (let look = 1; ; look++) {
    try {
      const { server, version } = await inspect(connection);
      if (version < steps.length) await connection.transaction((query) => migrate(connection, query));
      return { isCockroach: server.includes('CockroachDB') };
    } catch (error) {
      const isRace = error instanceof QueryError && creating.includes(error.code ?? '');
      if (!isRace || look === mostLooks) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
    }
  }
}

/** Refuses what is not ours or newer than we are; before anything is changed. */
async function inspect(connection: Connection): Promise<{ server: string; version: number }> {
  const { schema } = connection;
  const [found] = (await connection.run({
    text: `
      SELECT version() AS server,
        (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1::text) AS schemas,
        count(*) AS relations,
        coalesce(sum(CASE WHEN relname = 'savepoint' THEN 1 ELSE 0 END), 0) AS ours
      FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
      WHERE nspname = $1::text AND relkind IN ('r', 'p', 'v', 'm', 'f')`,
    values: [schema],
  })) as Found[];
  const { server, relations, ours } = found!;
  if (Number(ours) > 0) {
    const version = await versionOf(connection, async (text) => connection.run({ text, values: [] }));
    if (version > steps.length) {
      throw new StoreError(
        `The schema '${schema}' of PostgreSQL was written by a newer savepoint (schema ${version}; this one ` +
          `knows ${steps.length}). Update savepoint; nothing was changed.`,
        'failed',
      );
    }
    return { server, version };
  }
  if (Number(relations) > 0) throw foreign(schema);
  return { server, version: 0 };
}

async function versionOf({ schema, quoted }: Connection, query: Query): Promise<number> {
  try {
    const rows = (await query(`SELECT version FROM ${quoted}.savepoint`)) as { version: number | string }[];
    const version = Number(rows[0]?.version);
    if (rows.length === 1 && Number.isInteger(version)) return version;
  } catch (error) {
    if (!(error instanceof QueryError) || error.code !== '42703') throw error;
  }
  throw foreign(schema);
}

function foreign(schema: string): StoreError {
  return new StoreError(
    `The schema '${schema}' of PostgreSQL has tables of another application. Choose another one: ` +
      `postgresStore(pool, { schema: 'savepoint' }). It was not changed.`,
    'failed',
  );
}

async function migrate(connection: Connection, query: Query): Promise<void> {
  const { quoted, schema } = connection;
  const schemas = await query('SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::text', [schema]);
  // Without the question a user who may not create schemas could not use one that is there.
  if (schemas.length === 0) await query(`CREATE SCHEMA ${quoted}`);
  await query(`CREATE TABLE IF NOT EXISTS ${quoted}.savepoint (version integer NOT NULL)`);
  const [row] = (await query(`SELECT version FROM ${quoted}.savepoint FOR UPDATE`)) as { version: number }[];
  const version = row?.version ?? 0;
  // Another process may have been faster while this one waited for the lock, and may be newer.
  if (version >= steps.length) return;
  for (const step of steps.slice(version)) for (const statement of step(quoted)) await query(statement);
  await query(
    row === undefined
      ? `INSERT INTO ${quoted}.savepoint (version) VALUES (${steps.length})`
      : `UPDATE ${quoted}.savepoint SET version = ${steps.length}`,
  );
}
