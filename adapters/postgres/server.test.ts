/** A server that goes away, refuses, or does things its own way. */
import pg from 'pg';
import { createRuntime } from 'savepoint';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  keysOf,
  loaded,
  minute,
  owner,
  puts,
  rowOf,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';

const server = await startPostgres();

const counter = setup({
  types: {
    context: {} as { readonly seen: readonly number[] },
    events: {} as { readonly type: 'SEE'; readonly n: number },
  },
}).createMachine({
  id: 'counter',
  context: { seen: [] },
  on: { SEE: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.n] }) } },
});

describe.runIf(server)('a server', () => {
  let schema: string;
  let store: Store;

  beforeEach(async () => {
    schema = freshSchema();
    store = temporaryPostgres(temporaryPool(server!), schema);
    await store.lease(owner, minute);
    await commit(store, creation('r'));
  });

  afterAll(() => server?.stop());

  test('that is killed and started again in the middle loses and repeats no event', async () => {
    const runtime = createRuntime({ store, machines: [counter], logger: () => {} });
    const run = await runtime.start(counter, { id: 'counted' });
    const numbers = Array.from({ length: 150 }, (_, n) => n);
    let down: Promise<void> | undefined;
    for (const n of numbers) {
      if (n % 50 === 25) down = server!.kill().then(() => server!.restart());
      const { accepted } = await run.send({ type: 'SEE', n }, { id: `e${n}` });
      expect(accepted).toBe(true);
    }
    await down;
    expect(run.getSnapshot().context.seen).toEqual(numbers);
    expect(await store.history('counted', { limit: 999 })).toHaveLength(151);
    await runtime.close();
  });

  test('that is away for a moment is waited for by all who only read', async () => {
    await server!.kill();
    const runs = store.runs({ run: 'r', limit: 1 });
    const rows = store.load('r');
    const renewed = store.lease(owner, minute);
    const left = store.enqueue('r', { id: 'm', value: '' });
    await sleep(100);
    await server!.restart();
    expect(await runs).toHaveLength(1);
    expect(await rows).toHaveLength(1);
    await renewed;
    expect(await left).toEqual({ status: 'queued' });
  });

  test('that ends an idle connection does not end this process', async () => {
    const other = await temporaryPool(server!).connect();
    for (let round = 0; round < 3; round++) {
      const mine = `datname = 'postgres' AND pid <> pg_backend_pid()`;
      await other.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${mine}`);
      await sleep(50);
      expect(await loaded(store, 'r')).toEqual([1]);
    }
    other.release();
  });

  test('that came back still tells of messages', async () => {
    const heard: string[] = [];
    await store.listen!((run) => heard.push(run));
    await server!.kill();
    await server!.restart();
    for (let i = 0; heard.length === 0; i++) {
      await store.enqueue('r', { id: `m${i}`, value: '' });
      await sleep(100);
    }
    expect(heard).toContain('r');
  });

  test('that cancels a statement has written nothing of it, and later it goes well', async () => {
    const hasty = temporaryPostgres(temporaryPool(server!, { statement_timeout: 300 }), schema);
    const blocker = await temporaryPool(server!).connect();
    await blocker.query('BEGIN');
    await blocker.query(`SELECT 1 FROM "${schema}".runs FOR UPDATE`);
    const [outcome] = await hasty.commit([turn('r', 2)]);
    expect(outcome).toMatchObject({ status: 'failed', retry: true });
    await blocker.query('ROLLBACK');
    blocker.release();
    expect(await loaded(store, 'r')).toEqual([1]);
    expect(await statuses(hasty, turn('r', 2))).toEqual(['committed']);
  });

  test('that is a standby says so', async () => {
    const options = '-c default_transaction_read_only=on';
    const standby = temporaryPostgres(temporaryPool(server!, { options }), schema);
    const [outcome] = await standby.commit([turn('r', 2)]);
    expect(outcome).toMatchObject({ status: 'failed', retry: true });
    if (outcome?.status === 'failed') expect(outcome.error.message).toContain('connect to the primary');
    expect(await loaded(standby, 'r')).toEqual([1]);
  });

  test.each(['repeatable read', 'serializable'])(
    'whose transactions are %s by default is as good',
    async (level) => {
      const options = `-c default_transaction_isolation=${level.replaceAll(' ', '\\ ')}`;
      const strict = temporaryPostgres(temporaryPool(server!, { options }), schema);
      const senders = [strict, store].map(async (one, sender) => {
        for (let i = 0; i < 30; i++) await one.enqueue('r', { id: `${sender}-${i}`, value: '' });
      });
      for (let seq = 2; seq <= 30; seq++) await commit(strict, turn('r', seq));
      await Promise.all(senders);
      expect(await loaded(strict, 'r')).toHaveLength(30);
      expect(await keysOf(strict, 'r', 'inbox')).toHaveLength(60);
    },
  );

  test('that forgets its prepared statements, as a pooler may, is spoken to without them', async () => {
    const pool = temporaryPool(server!, { max: 1 });
    const one = temporaryPostgres(pool, schema);
    for (let seq = 2; seq <= 6; seq++) await commit(one, turn('r', seq));
    expect((await pool.query('SELECT 1 FROM pg_prepared_statements')).rows.length).toBeGreaterThan(0);
    await pool.query('DEALLOCATE ALL');
    for (let seq = 7; seq <= 12; seq++) await commit(one, turn('r', seq));
    expect(await loaded(one, 'r')).toHaveLength(12);
    expect((await pool.query('SELECT 1 FROM pg_prepared_statements')).rows).toEqual([]);
  });

  test('that cannot store one commit of a batch stores the others', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `run-${i}`);
    await commit(store, ...ids.map((id) => creation(id)));
    // All of them differ, or the index would make it short.
    const tooLong = String.fromCodePoint(
      ...Array.from({ length: 4000 }, (_, i) => 0x4e00 + ((i * 7919) % 20_000)),
    );
    const outcomes = await store.commit(ids.map((id, i) => puts(id, 'step', i === 42 ? tooLong : 'k')));
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome.status).toBe(i === 42 ? 'failed' : 'committed');
      if (outcome.status !== 'failed') continue;
      expect(outcome.retry).toBe(false);
      expect(outcome.error.message).toContain('longer than an index can hold');
    }
    expect(await keysOf(store, 'run-42', 'step')).toEqual([]);
    expect(await keysOf(store, 'run-99', 'step')).toEqual(['k']);
  });

  test('whose pool converts large numbers in its own way is understood', async () => {
    // What a person may have set for the whole process.
    const parserOf = pg.types.getTypeParser;
    const types = {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === 20 ? BigInt : parserOf(oid, format),
    };
    const odd = temporaryPostgres(temporaryPool(server!, { types }), schema);
    await commit(odd, turn('r', 2, { head: head({ due: 5 }) }));
    expect((await odd.load('r')).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('stores values that are long, in batches too', async () => {
    const ids = Array.from({ length: 10 }, (_, i) => `run-${i}`);
    await commit(store, ...ids.map((id) => creation(id)));
    const body = (i: number): string => String(i).repeat(i % 3 === 0 ? 100_000 : 10);
    await commit(
      store,
      ...ids.map((id, i) =>
        turn(id, 2, {
          checkpoints: [checkpoint(2, { body: body(i) })],
          put: [
            { kind: 'blob', key: 'b', value: new Uint8Array(50_000).fill(i) },
            { kind: 'step', key: 's', value: `"\\${body(i)}` },
          ],
        }),
      ),
    );
    for (const [i, id] of ids.entries()) {
      expect((await store.load(id))[1]?.body).toBe(body(i));
      const bytes = (await rowOf(store, id, 'blob', 'b')) as Uint8Array;
      expect(Buffer.compare(bytes, Buffer.alloc(50_000, i))).toBe(0);
      expect(await store.rows(id, 'step', {})).toEqual([{ key: 's', value: `"\\${body(i)}` }]);
    }
    expect(await find(store, 'run-3')).toMatchObject({ seq: 2 });
  });
});
