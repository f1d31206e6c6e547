/** How a database gets its tables, and what is refused. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type pg from 'pg';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import { commit, creation, find, minute, owner } from '../conformance/fixtures.ts';
import { postgresStore } from './index.ts';

const server = await startPostgres();

describe.runIf(server)('a schema', () => {
  let pool: pg.Pool;
  let schema: string;

  beforeEach(() => {
    pool = temporaryPool(server!);
    schema = freshSchema();
  });

  afterAll(() => server?.stop());

  const tables = async (): Promise<string[]> => {
    const text = 'SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1';
    return (await pool.query(text, [schema])).rows.map((row: { tablename: string }) => row.tablename);
  };

  test('is made by the first call, and not before', async () => {
    const store = temporaryPostgres(pool, schema);
    expect(await tables()).toEqual([]);
    expect(await store.runs({ limit: 1 })).toEqual([]);
    expect(await tables()).toContain('runs');
  });

  test('that is there and empty is used, also by a user who may not make one', async () => {
    await pool.query(`CREATE ROLE "${schema}" LOGIN`);
    await pool.query(`CREATE SCHEMA "${schema}" AUTHORIZATION "${schema}"`);
    const store = temporaryPostgres(temporaryPool(server!, { user: schema }), schema);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    expect(await find(store, 'r')).toMatchObject({ seq: 1 });
  });

  test('that a user may not make is an error that says so', async () => {
    await pool.query(`CREATE ROLE "${schema}" LOGIN`);
    const store = temporaryPostgres(temporaryPool(server!, { user: schema }), schema);
    await expect(store.runs({ limit: 1 })).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      message: expect.stringContaining('GRANT'),
    });
  });

  test('with tables of another application is refused, and left as it was', async () => {
    await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".runs (name text)`);
    const store = temporaryPostgres(pool, schema);
    await expect(store.runs({ limit: 1 })).rejects.toThrow(/tables of another application/);
    await expect(store.lease(owner, minute)).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect(await tables()).toEqual(['runs']);
  });

  test('with a table of our name that is not ours is refused as well', async () => {
    await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".savepoint (name text)`);
    await expect(temporaryPostgres(pool, schema).runs({ limit: 1 })).rejects.toThrow(/another application/);
    expect(await tables()).toEqual(['savepoint']);
  });

  test('of a newer savepoint is refused, and left as it was', async () => {
    await temporaryPostgres(pool, schema).runs({ limit: 1 });
    await pool.query(`UPDATE "${schema}".savepoint SET version = 1000`);
    await expect(temporaryPostgres(pool, schema).runs({ limit: 1 })).rejects.toThrow(
      /newer savepoint \(schema 1000;/,
    );
    expect((await pool.query(`SELECT version FROM "${schema}".savepoint`)).rows).toEqual([{ version: 1000 }]);
  });

  test('that could not be reached at first is opened by a later call', async () => {
    await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".runs (name text)`);
    const store = temporaryPostgres(pool, schema);
    await expect(store.runs({ limit: 1 })).rejects.toThrow();
    await pool.query(`DROP TABLE "${schema}".runs`);
    expect(await store.runs({ limit: 1 })).toEqual([]);
  });

  test.each([
    ['has quotes', `it's "mine"; DROP SCHEMA public; --`],
    ['has capitals and spaces', 'My Runs'],
    ['has other letters', '日本'],
    ['is as long as can be', 'x'.repeat(63)],
  ])('whose name %s works', async (_, name) => {
    const store = temporaryPostgres(pool, name);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    const heard: string[] = [];
    await store.listen!((run) => heard.push(run));
    await store.enqueue('r', { id: 'm', value: '' });
    await expect.poll(() => heard).toEqual(['r']);
  });

  test.each(['', 'x'.repeat(64), 'a\0b', 7 as unknown as string])('cannot be called %j', (name) => {
    expect(() => postgresStore(pool, { schema: name })).toThrow(/schema is the name of a schema/);
  });

  test('needs a pool or a client', () => {
    expect(() => postgresStore('postgres://' as never)).toThrow(/needs a Pool or a Client/);
    expect(() => postgresStore(undefined as never)).toThrow(/needs a Pool or a Client/);
  });

  test('in a database that is not there is an error at once', async () => {
    const store = temporaryPostgres(temporaryPool(server!, { database: 'none' }));
    await expect(store.runs({ limit: 1 })).rejects.toThrow(/the database does not exist; create it/);
  });

  test('on a server that is not there is an error at once', async () => {
    const store = temporaryPostgres(temporaryPool({ port: 1 }));
    await expect(store.runs({ limit: 1 })).rejects.toThrow(/cannot be reached/);
  });

  test('two in one database have nothing to do with each other', async () => {
    const one = temporaryPostgres(pool, schema);
    const other = temporaryPostgres(pool);
    for (const store of [one, other]) {
      await store.lease(owner, minute);
      await commit(store, creation('r'));
    }
    expect(await one.runs({ limit: 9 })).toHaveLength(1);
  });
});
