import pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '../../examples/postgres/server.ts';
import type { Store } from '../../src/store.ts';
import type { Work, Worked, Working } from '../../src/worker/engine.ts';
import { commit, creation, head, minute, owner, sleep, turn } from '../conformance/fixtures.ts';
import { postgresStore } from '../postgres/index.ts';
import { type GraphileEngine, graphileWorker } from './index.ts';

const server = await startPostgres();
const pool = new pg.Pool({ connectionString: server?.connectionString, max: 20 });
let place = 0;

/** What stands for a runtime: it writes down what it is told to do, and answers what the test says. */
class FakeWork implements Work {
  readonly concurrency: number = 3;
  readonly poll = 50;
  readonly lease: number = minute;
  readonly worked: string[] = [];
  readonly said: unknown[][] = [];
  inHand = 0;
  mostInHand = 0;
  answer: (run: string) => Promise<Worked> | Worked = () => ({ status: 'rest' });
  orphans: string[] = [];

  constructor(change: Partial<Pick<FakeWork, 'concurrency' | 'lease' | 'answer' | 'orphans'>> = {}) {
    Object.assign(this, change);
  }

  async run(id: string): Promise<Worked> {
    this.worked.push(id);
    this.mostInHand = Math.max(this.mostInHand, ++this.inHand);
    try {
      return await this.answer(id);
    } finally {
      this.inHand--;
    }
  }

  async needy(limit: number): Promise<string[]> {
    return this.orphans.slice(0, limit);
  }

  async nextDue(): Promise<number | undefined> {
    return undefined;
  }

  async listen(): Promise<() => void> {
    return () => {};
  }

  readonly logger = (...args: unknown[]): void => void this.said.push(args);
}

describe.runIf(server)('at work', () => {
  let engine: GraphileEngine;
  let store: Store;
  let schema: string;
  let working: Working[];

  beforeEach(async () => {
    schema = `queue-${++place}`;
    engine = graphileWorker({ pool, schema });
    store = postgresStore(pool, { schema: `store-${place}`, wakeUps: engine.wakeUps });
    working = [];
    await store.lease(owner, minute);
    await commit(store, creation('r', { release: true }), creation('s', { release: true }));
  });

  afterEach(async () => {
    await Promise.all(working.map(async (one) => one.stop()));
  });

  afterAll(async () => {
    await pool.end();
    await server?.stop();
  });

  const start = async (work: FakeWork): Promise<FakeWork> => {
    working.push(await engine.start(work));
    return work;
  };
  const message = async (run: string, id: string = crypto.randomUUID()): Promise<void> => {
    expect(await store.enqueue(run, { id, value: '' })).toEqual({ status: 'queued' });
  };
  interface Job {
    readonly key: string | null;
    readonly attempts: number;
    readonly isLocked: boolean;
    readonly wait: number;
  }
  const jobs = async (): Promise<Job[]> => {
    const text = `SELECT key, attempts, locked_at IS NOT NULL AS "isLocked",
        (extract(epoch FROM run_at - now()) * 1000)::float8 AS wait FROM "${schema}".jobs ORDER BY key`;
    return (await pool.query(text)).rows as Job[];
  };
  const noJobs = () => expect.poll(jobs, { timeout: 10_000 }).toEqual([]);

  test('a run for which a message comes is worked on, and its job is done with', async () => {
    const work = await start(new FakeWork());
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
    await noJobs();
  });

  test('a run is worked on when it is due', async () => {
    const work = await start(new FakeWork());
    const due = Date.now() + 300;
    await store.acquire('r', owner);
    await commit(store, turn('r', 2, { fence: 2, head: head({ status: 'sleeping', due }), release: true }));
    await expect.poll(() => work.worked).toEqual(['r']);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });

  test('what came before anybody worked is not forgotten', async () => {
    await message('r');
    await message('s');
    const work = await start(new FakeWork());
    await expect.poll(() => work.worked.toSorted()).toEqual(['r', 's']);
  });

  test('a run that has more to do is worked on again, when the others had their turn', async () => {
    const work = new FakeWork({ concurrency: 1 });
    work.answer = (run) => (run === 'r' && work.worked.length < 4 ? { status: 'again' } : { status: 'rest' });
    await message('r');
    await message('s');
    await start(work);
    await expect.poll(() => work.worked).toEqual(['r', 's', 'r', 'r']);
    await noJobs();
  });

  test('a run that another process has is looked at when that one’s lease ends', async () => {
    const until = Date.now() + 5 * minute;
    const work = await start(new FakeWork({ answer: () => ({ status: 'held', until }) }));
    await message('r');
    await expect.poll(async () => (await jobs()).map((job) => Math.round(job.wait / minute))).toEqual([5]);
    expect(work.worked).toEqual(['r']);
    work.answer = () => ({ status: 'rest' });
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r', 'r']);
    await noJobs();
  });

  test('a run that another process has is looked at at once where something comes meanwhile', async () => {
    const work = new FakeWork();
    work.answer = async () => {
      if (work.worked.length > 1) return { status: 'rest' };
      await message('r');
      return { status: 'held', until: Date.now() + minute };
    };
    await start(work);
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r', 'r']);
  });

  test('a run that cannot be opened is tried again later, and said so', async () => {
    const work = await start(
      new FakeWork({ answer: () => ({ status: 'failed', error: new Error('not today') }) }),
    );
    await message('r');
    await expect.poll(jobs).toMatchObject([{ key: 'savepoint:r', attempts: 1, isLocked: false }]);
    expect((await jobs())[0]!.wait).toBeGreaterThan(1000);
    expect(String(work.said)).toContain('not today');
    work.answer = () => ({ status: 'rest' });
    await expect.poll(() => work.worked, { timeout: 10_000 }).toEqual(['r', 'r']);
    await noJobs();
  });

  test('a run that rests until a time has a job for it, whatever became of the one it had', async () => {
    const work = new FakeWork({ answer: () => ({ status: 'rest', due: Date.now() + 5 * minute }) });
    await start(work);
    await message('r');
    await expect.poll(async () => (await jobs()).map((job) => Math.round(job.wait / minute))).toEqual([5]);
    expect(work.worked).toEqual(['r']);
  });

  test('a run that is gone is done with', async () => {
    const work = await start(new FakeWork({ answer: () => ({ status: 'gone' }) }));
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
    await noJobs();
  });

  test('a message that comes while its run is worked on has the run worked on once more', async () => {
    let finish!: () => void;
    const work = new FakeWork({
      answer: () => new Promise((resolve) => (finish = () => resolve({ status: 'rest' }))),
    });
    await start(work);
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
    await message('r');
    work.answer = () => ({ status: 'rest' });
    finish();
    await expect.poll(() => work.worked).toEqual(['r', 'r']);
    await noJobs();
  });

  test('no message is left lying, however often they come while several processes look', async () => {
    // A run is looked at after each message: that is all that an engine promises.
    const seen: number[] = [];
    const answer = async (): Promise<Worked> => {
      seen.push((await store.rows('r', 'inbox', {})).length);
      await sleep(Math.random() * 3);
      return { status: 'rest' };
    };
    const works = [new FakeWork({ answer }), new FakeWork({ answer }), new FakeWork({ answer })];
    await Promise.all(works.map(start));
    for (let i = 1; i <= 300; i++) {
      await message('r');
      if (i % 10 === 0) await sleep(Math.random() * 20);
    }
    await noJobs();
    expect(Math.max(...seen)).toBe(300);
    for (const work of works) expect(String(work.said)).toBe('');
  });

  test('no more runs than it may are worked on at a time', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `run-${i}`);
    await commit(store, ...ids.map((id) => creation(id, { release: true })));
    const answer = async (): Promise<Worked> => {
      await sleep(20);
      return { status: 'rest' };
    };
    const work = new FakeWork({ answer });
    await start(work);
    for (const id of ids) await message(id);
    await noJobs();
    expect(work.worked.toSorted()).toEqual(ids.toSorted());
    expect(work.mostInHand).toBe(3);
  });

  test('a run that a dead process left is found at the start, and again when a lease has passed', async () => {
    const work = await start(new FakeWork({ orphans: ['r'], lease: 200 }));
    await expect.poll(() => work.worked).toEqual(['r']);
    work.orphans = ['s'];
    await expect.poll(() => work.worked).toContain('s');
    work.orphans = [];
    await noJobs();
  });

  test('a run whose job is in the hands of a dead worker is found', async () => {
    await message('r');
    await pool.query(
      `UPDATE "${schema}"._private_jobs SET locked_at = now(), locked_by = 'dead', attempts = 1`,
    );
    const work = await start(new FakeWork({ orphans: ['r'] }));
    await expect.poll(() => work.worked).toEqual(['r']);
  });

  test('a run that failed is not tried sooner because it is found', async () => {
    const work = new FakeWork({ orphans: ['r'], lease: 50 });
    work.answer = () => ({ status: 'failed', error: new Error('not today') });
    await start(work);
    await expect.poll(jobs).toMatchObject([{ key: 'savepoint:r', attempts: 1, isLocked: false }]);
    await sleep(300);
    expect(work.worked).toEqual(['r']);
  });

  test('stopping waits for the runs in hand, and takes no more', async () => {
    let finish!: () => void;
    const work = new FakeWork({
      answer: () => new Promise((resolve) => (finish = () => resolve({ status: 'again' }))),
    });
    await start(work);
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
    let isStopped = false;
    const stopping = Promise.resolve(working.pop()!.stop()).then(() => (isStopped = true));
    await message('s');
    await sleep(200);
    expect(isStopped).toBe(false);
    finish();
    await stopping;
    expect(work.worked).toEqual(['r']);
    expect((await jobs()).map(({ key, isLocked }) => [key, isLocked])).toEqual([
      ['savepoint:r', false],
      ['savepoint:s', false],
    ]);
  });

  test('a connection string will do', async () => {
    engine = graphileWorker({ connectionString: server!.connectionString, schema });
    const work = await start(new FakeWork());
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
  });

  test('eight processes may create the tables at once', async () => {
    await Promise.all(
      Array.from({ length: 8 }, () => graphileWorker({ pool, schema: `${schema}-new` }).wakeUps.prepare()),
    );
    const { rows } = await pool.query(`SELECT count(*)::int AS count FROM "${schema}-new".migrations`);
    expect(rows).toEqual([{ count: 18 }]);
  });

  test('the server may go away and come back while runs are worked on', async () => {
    const work = new FakeWork({ lease: 300 });
    let finish!: () => void;
    work.answer = () => new Promise((resolve) => (finish = () => resolve({ status: 'rest' })));
    await start(work);
    await message('r');
    await expect.poll(() => work.worked).toEqual(['r']);
    await server!.kill();
    work.answer = () => ({ status: 'rest' });
    finish();
    await sleep(300);
    await server!.restart();
    await expect
      .poll(() =>
        message('s').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => work.worked, { timeout: 15_000 }).toContain('s');
    // And all of its hands are there again.
    work.answer = async () => {
      await sleep(50);
      return { status: 'rest' };
    };
    work.mostInHand = 0;
    const ids = Array.from({ length: 10 }, (_, i) => `run-${i}`);
    await store.lease(owner, minute);
    await commit(store, ...ids.map((id) => creation(id, { release: true })));
    for (const id of ids) await message(id);
    await expect.poll(() => work.worked, { timeout: 15_000 }).toEqual(expect.arrayContaining(ids));
    expect(work.mostInHand).toBe(3);
  });
});
