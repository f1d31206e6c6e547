/** Rows that somebody has damaged, and what becomes of the others. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createRuntime } from 'savepoint';
import type pg from 'pg';
import { createMachine } from 'xstate';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import type { Store } from '../../src/store.ts';
import { minute, owner, sleep } from '../conformance/fixtures.ts';

const server = await startPostgres();
const machine = createMachine({ id: 'm', on: { GO: {} } });

describe.runIf(server)('a damaged database', () => {
  let pool: pg.Pool;
  let schema: string;
  let store: Store;

  beforeEach(async () => {
    pool = temporaryPool(server!);
    schema = freshSchema();
    store = temporaryPostgres(pool, schema);
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    for (const id of ['bad', 'good']) await runtime.start(machine, { id });
    await runtime.close();
  });

  afterAll(() => server?.stop());

  const damage = (table: string, change: string): Promise<unknown> =>
    pool.query(
      `UPDATE "${schema}".${table} SET ${change} WHERE rid = (SELECT rid FROM "${schema}".runs WHERE id = 'bad')`,
    );

  test.each([
    ['cut short', `body = left(body, length(body) / 2)`],
    ['altered', `body = replace(body, '{', '[')`],
    ['emptied', `body = ''`],
    ['given a header of another kind', `header = 'not ours'`],
  ])('with a checkpoint %s names it, and opens the others', async (_, change) => {
    await damage('checkpoints', change);
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    await expect(runtime.open('bad')).rejects.toMatchObject({
      code: 'CORRUPT_CHECKPOINT',
      run: 'bad',
      seq: 1,
    });
    expect((await runtime.open('good')).seq).toBe(1);
    const listed = [];
    for await (const info of runtime.list()) listed.push(info.id);
    expect(listed).toEqual(['bad', 'good']);
    await runtime.close();
  });

  test('with a checkpoint missing does not open its run, and opens the others', async () => {
    await pool.query(
      `DELETE FROM "${schema}".checkpoints WHERE rid = (SELECT rid FROM "${schema}".runs WHERE id = 'bad')`,
    );
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    await expect(runtime.open('bad')).rejects.toMatchObject({
      code: expect.stringMatching(/CORRUPT|NOT_FOUND|STORE/),
    });
    expect((await runtime.open('good')).seq).toBe(1);
    await runtime.close();
  });

  test('with an owner whose holder cannot be read frees its runs when the lease ends, and not before', async () => {
    await store.lease('other', 500);
    expect((await store.acquire('bad', 'other')).status).toBe('acquired');
    await pool.query(`UPDATE "${schema}".owners SET holder = 'nobody knows'`);
    await store.lease(owner, minute);
    expect(await store.runs({ free: true, limit: 9 })).toHaveLength(1);
    expect(await store.acquire('bad', owner)).toMatchObject({ status: 'held', by: 'another process' });
    await sleep(600);
    expect((await store.acquire('bad', owner)).status).toBe('acquired');
  });

  test('without one of its tables says so', async () => {
    await pool.query(`DROP TABLE "${schema}".inbox`);
    await expect(store.rows('good', 'inbox', {})).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
    expect(await store.runs({ limit: 9 })).toHaveLength(2);
  });
});
