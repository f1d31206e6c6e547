import pg from 'pg';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '../../examples/postgres/server.ts';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  head,
  keysOf,
  minute,
  owner,
  question,
  removal,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { postgresStore } from '../postgres/index.ts';
import { graphileWorker } from './index.ts';

const server = await startPostgres();
const pool = new pg.Pool({ connectionString: server?.connectionString });
let place = 0;

describe.runIf(server)('with wake-ups', () => {
  let store: Store;
  let schema: string;

  beforeEach(async () => {
    schema = `queue-${++place}`;
    const { wakeUps } = graphileWorker({ pool, schema });
    store = postgresStore(pool, { schema: `store-${place}`, wakeUps });
    await store.lease(owner, minute);
  });

  afterAll(async () => {
    await pool.end();
    await server?.stop();
  });

  interface Job {
    readonly key: string;
    readonly task: string;
    /** In milliseconds from now. */
    readonly wait: number;
  }

  const jobs = async (): Promise<Job[]> => {
    const text = `SELECT key, task_identifier AS task, (extract(epoch FROM run_at - now()) * 1000)::float8 AS wait
      FROM "${schema}".jobs WHERE key IS NOT NULL ORDER BY key`;
    return (await pool.query(text)).rows as Job[];
  };
  const keys = async (): Promise<string[]> => (await jobs()).map(({ key }) => key);
  /** How long the only job waits, in minutes. */
  const wait = async (): Promise<number> => {
    const all = await jobs();
    expect(all).toHaveLength(1);
    return Math.max(0, Math.round(all[0]!.wait / minute));
  };
  const due = (ms: number) => head({ status: 'sleeping', due: Date.now() + ms });
  /** As if a worker had the run's job in hand. */
  const lock = async (): Promise<void> => {
    await pool.query(
      `UPDATE "${schema}"._private_jobs SET locked_at = now(), locked_by = 'a worker', attempts = 1`,
    );
  };

  test('a message adds the job of its run, to be done at once', async () => {
    await commit(store, creation('r'));
    expect(await jobs()).toEqual([]);
    await store.enqueue('r', { id: 'm', value: '' });
    expect(await jobs()).toMatchObject([{ key: 'savepoint:r', task: 'savepoint' }]);
    expect(await wait()).toBe(0);
    await store.enqueue('r', { id: 'n', value: '' });
    expect(await keys()).toEqual(['savepoint:r']);
  });

  test('a message that is not left adds no job', async () => {
    await commit(store, creation('r', { put: [{ kind: 'event', key: 'e', value: 'receipt' }] }));
    await store.enqueue('r', { id: 'm', value: '' }, { kind: 'event', key: 'e' });
    await store.enqueue('none', { id: 'm', value: '' });
    expect(await jobs()).toEqual([]);
  });

  test('a commit with a due time adds the job for that time, and a later one moves it', async () => {
    await commit(store, creation('r', { head: due(10 * minute) }));
    expect(await wait()).toBe(10);
    await commit(store, turn('r', 2, { head: due(5 * minute) }));
    expect(await wait()).toBe(5);
    await commit(store, turn('r', 3, { head: due(20 * minute), release: true }));
    expect(await wait()).toBe(20);
  });

  test('a due time in the past, or now, is done at once', async () => {
    await commit(store, creation('r', { head: due(-minute) }));
    expect(await wait()).toBe(0);
    await commit(store, creation('s', { head: due(0), release: true }));
    expect(await keys()).toEqual(['savepoint:r', 'savepoint:s']);
  });

  test('a due time that lies past all calendars breaks nothing', async () => {
    await commit(store, creation('r', { head: head({ due: Number.MAX_SAFE_INTEGER }) }));
    expect(await keys()).toEqual(['savepoint:r']);
  });

  test('the job goes when nothing is left to wake the run for', async () => {
    await commit(store, creation('r', { head: due(minute) }), creation('s', { head: due(minute) }));
    await commit(store, turn('r', 2, { head: head({ status: 'waitingForInput' }) }));
    expect(await keys()).toEqual(['savepoint:s']);
    await commit(store, turn('s', 2, { head: head({ status: 'done', due: Date.now() + minute }) }));
    expect(await keys()).toEqual([]);
  });

  test('the job goes with its run', async () => {
    await commit(store, creation('r', { head: due(minute) }), creation('s', { head: due(minute) }));
    await store.enqueue('r', { id: 'm', value: '' });
    await commit(store, removal('r'));
    expect(await keys()).toEqual(['savepoint:s']);
  });

  test('taking the last message moves the job to the due time, or removes it', async () => {
    await commit(store, creation('r', { head: due(10 * minute) }), creation('s'));
    for (const run of ['r', 's']) {
      await store.enqueue(run, { id: 'a', value: '' });
      await store.enqueue(run, { id: 'b', value: '' });
      await commit(store, turn(run, 2, { take: ['a'] }));
    }
    expect((await jobs()).map((job) => job.wait < minute)).toEqual([true, true]);
    await commit(store, turn('r', 3, { take: ['b'] }), turn('s', 3, { take: ['b'] }));
    expect(await keys()).toEqual(['savepoint:r']);
    expect(await wait()).toBe(10);
  });

  test('a commit that changes nothing of that leaves the job as it is', async () => {
    await commit(store, creation('r', { head: due(minute) }));
    await pool.query(`UPDATE "${schema}"._private_jobs SET run_at = now() + interval '7 minutes'`);
    await commit(store, turn('r', 2), turn('r', 3, { put: [{ kind: 'step', key: 'k', value: '' }] }));
    expect(await wait()).toBe(7);
  });

  test('a run that is let go of with a message in its inbox has a job', async () => {
    await commit(store, creation('r'));
    await store.enqueue('r', { id: 'm', value: '' });
    await pool.query(`DELETE FROM "${schema}"._private_jobs`);
    await commit(store, turn('r', 2, { release: true }));
    expect(await wait()).toBe(0);
  });

  describe('while a worker has the job in hand', () => {
    beforeEach(async () => {
      await commit(store, creation('r'));
      await store.enqueue('r', { id: 'm', value: '' });
      await lock();
    });

    test('a message that comes adds a second one: the first may have looked already', async () => {
      await store.enqueue('r', { id: 'n', value: '' });
      expect(await wait()).toBe(0);
      const { rows } = await pool.query(`SELECT locked_at FROM "${schema}".jobs`);
      expect(rows).toHaveLength(2);
    });

    test('what the worker leaves of the inbox adds none: it knows', async () => {
      await store.enqueue('r', { id: 'n', value: '' });
      await pool.query(`DELETE FROM "${schema}"._private_jobs WHERE locked_at IS NULL`);
      await pool.query(`UPDATE "${schema}"._private_jobs SET key = 'savepoint:r'`);
      await commit(store, turn('r', 2, { take: ['m'] }));
      const { rows } = await pool.query(`SELECT locked_at FROM "${schema}".jobs`);
      expect(rows).toHaveLength(1);
    });

    test('a due time adds the one for that time', async () => {
      await commit(store, turn('r', 2, { take: ['m'], head: due(3 * minute) }));
      expect(await wait()).toBe(3);
    });
  });

  test('a message that comes at the very moment at which a worker takes the job adds a second one', async () => {
    await commit(store, creation('r'));
    await store.enqueue('r', { id: 'm', value: '' });
    // Holds what adds the job between its look at the old one and its writing of the new one.
    await pool.query(`
      CREATE FUNCTION "${schema}".pause() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(${place}); RETURN NEW; END';
      CREATE TRIGGER pause BEFORE INSERT ON "${schema}"._private_jobs FOR EACH ROW EXECUTE FUNCTION "${schema}".pause()`);
    const other = await pool.connect();
    await other.query(`SELECT pg_advisory_lock(${place})`);
    const enqueuing = store.enqueue('r', { id: 'n', value: '' });
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = ${place}`;
    await expect.poll(async () => (await pool.query(waiting)).rows).toHaveLength(1);
    await lock();
    await other.query(`SELECT pg_advisory_unlock(${place})`);
    other.release();
    expect(await enqueuing).toEqual({ status: 'queued' });
    expect(await wait()).toBe(0);
    const { rows } = await pool.query(`SELECT locked_at FROM "${schema}".jobs`);
    expect(rows).toHaveLength(2);
  });

  test('what is rolled back leaves no job, and no message', async () => {
    await commit(store, creation('r'));
    const client = await pool.connect();
    const { wakeUps } = graphileWorker({ pool, schema });
    const inside = postgresStore(client, { schema: `store-${place}`, wakeUps });
    await inside.runs({ limit: 1 });
    await client.query('BEGIN');
    expect(await inside.enqueue('r', { id: 'm', value: '' })).toEqual({ status: 'queued' });
    expect(await statuses(inside, turn('r', 2, { head: due(minute), take: ['m'] }))).toEqual(['committed']);
    await client.query('ROLLBACK');
    client.release();
    expect(await jobs()).toEqual([]);
    expect(await keysOf(store, 'r', 'inbox')).toEqual([]);
  });

  test('a commit that is refused leaves no job, and those of its batch have theirs', async () => {
    await commit(store, creation('r'), creation('s', { ask: [question('s/q')] }), creation('t'));
    const outcomes = await statuses(
      store,
      turn('r', 2, { head: due(minute), ask: [question('s/q')] }),
      turn('s', 9, { head: due(minute) }),
      turn('t', 2, { head: due(minute) }),
    );
    expect(outcomes).toEqual(['failed', 'conflict', 'committed']);
    expect(await keys()).toEqual(['savepoint:t']);
  });

  test('where the queue fails, nothing is written', async () => {
    await commit(store, creation('r'));
    await pool.query(`DROP SCHEMA "${schema}" CASCADE`);
    await expect(store.enqueue('r', { id: 'm', value: '' })).rejects.toMatchObject({ outcome: 'failed' });
    expect(await keysOf(store, 'r', 'inbox')).toEqual([]);
    expect(await statuses(store, turn('r', 2, { head: due(minute) }), turn('r', 3))).toEqual([
      'failed',
      'conflict',
    ]);
  });

  test('each of a thousand runs has its job', async () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `run-${i}`);
    await commit(store, ...ids.map((id) => creation(id, { head: due(minute) })));
    expect(await jobs()).toHaveLength(1000);
    await commit(store, ...ids.map((id) => turn(id, 2, { head: head({ status: 'done' }) })));
    expect(await jobs()).toEqual([]);
  });

  test.each([
    ['quotes', `it's "r"`],
    ['NUL', 'a\u0000'],
    ['other letters', '日本'],
    ['500 smiles', '😀'.repeat(500)],
    ['1,000 letters', 'a'.repeat(1000)],
    ['1,000 letters of which the last one differs', `${'a'.repeat(999)}b`],
  ])('a run whose id has %s has a job of its own', async (_, id) => {
    await commit(store, creation(id), creation('a'.repeat(1001)));
    await store.enqueue(id, { id: 'm', value: '' });
    await store.enqueue('a'.repeat(1001), { id: 'm', value: '' });
    expect(await jobs()).toHaveLength(2);
    await commit(store, turn(id, 2, { take: ['m'] }));
    expect(await jobs()).toHaveLength(1);
  });

  test('two stores with two names do not touch each other’s jobs', async () => {
    const { wakeUps } = graphileWorker({ pool, schema, task: `other's` });
    const other = postgresStore(pool, { schema: `other-${place}`, wakeUps });
    await other.lease(owner, minute);
    await commit(store, creation('r', { head: due(minute) }));
    await commit(other, creation('r', { head: due(minute) }));
    expect(await keys()).toEqual([`other's:r`, 'savepoint:r']);
    await commit(other, turn('r', 2, { checkpoints: [checkpoint(2)], head: head({ status: 'done' }) }));
    expect(await keys()).toEqual(['savepoint:r']);
  });

  test('a message that comes while a commit is on its way to say that there is none is not forgotten', async () => {
    await commit(store, creation('r'));
    let seq = 1;
    for (let round = 0; round < 100; round++) {
      const [outcomes] = await Promise.all([
        statuses(store, turn('r', seq + 1, { head: head({ status: 'idle', more: String(round) }) })),
        store.enqueue('r', { id: `m${round}`, value: '' }),
      ]);
      expect(outcomes).toEqual(['committed']);
      seq++;
      expect(await keys()).toEqual(['savepoint:r']);
      await commit(store, turn('r', ++seq, { take: [`m${round}`] }));
      expect(await keys()).toEqual([]);
    }
  });
});
