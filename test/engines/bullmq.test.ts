/** A third engine, made of nothing but the documented interface: BullMQ on a real Redis. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Work, Worked, Working } from 'savepoint';
import { redisIsMissing, type RedisServer, startRedis } from '../support/redis-server.ts';
import { bullmq } from './bullmq-engine.ts';

describe.skipIf(redisIsMissing)('an engine on BullMQ', () => {
  let server: RedisServer;
  let queues = 0;
  let working: Working[] = [];

  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'everysec' });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(working.map(async (one) => one.stop()));
    working = [];
  });

  const engineOf = (queue: string) =>
    bullmq({ connection: { host: '127.0.0.1', port: server.port }, queue, sweep: 200 });

  /** Work that is a list of runs, each with what it answers when it is its turn. */
  class FakeWork implements Work {
    readonly concurrency = 3;
    readonly poll = 20;
    readonly lease = 1000;
    readonly logger = (): void => {};
    readonly taken: string[] = [];
    /** Those that are worked on: nobody else is asked for then. */
    readonly active = new Set<string>();
    most = 0;
    wake: (run: string) => void = () => {};

    constructor(readonly runs: Map<string, (() => Worked | Promise<Worked>)[]>) {}

    async run(id: string): Promise<Worked> {
      this.taken.push(id);
      expect(this.active).not.toContain(id);
      this.active.add(id);
      this.most = Math.max(this.most, this.active.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const answer = this.runs.get(id)?.shift();
      if (this.runs.get(id)?.length === 0) this.runs.delete(id);
      this.active.delete(id);
      return answer?.() ?? { status: 'gone' };
    }
    async needy(limit: number): Promise<string[]> {
      return [...this.runs.keys()].filter((id) => !this.active.has(id)).slice(0, limit);
    }
    async nextDue(): Promise<undefined> {}
    async listen(wake: (run: string) => void): Promise<() => void> {
      this.wake = wake;
      return () => {};
    }
  }

  async function start(runs: Record<string, (() => Worked | Promise<Worked>)[]>): Promise<FakeWork> {
    const work = new FakeWork(new Map(Object.entries(runs)));
    working.push(await engineOf(`queue-${++queues}`).start(work));
    return work;
  }

  it('runs each run that needs somebody, so many at a time as it was told, and none of them twice at once', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `r:${i} 😀`);
    const work = await start(Object.fromEntries(ids.map((id) => [id, [(): Worked => ({ status: 'rest' })]])));
    await expect.poll(() => work.runs.size).toBe(0);
    // It may call for nothing, but forgets none.
    expect([...new Set(work.taken)].toSorted()).toEqual(ids.toSorted());
    expect(work.most).toBe(3);
  });

  it('runs one again that has more to do, after the others', async () => {
    const again = (): Worked => ({ status: 'again' });
    const rest = (): Worked => ({ status: 'rest' });
    const work = await start({ a: [again, again, rest], b: [rest], c: [rest], d: [rest], e: [rest] });
    await expect.poll(() => work.runs.size).toBe(0);
    expect(work.taken.filter((id) => id === 'a')).toHaveLength(3);
    expect(work.taken.indexOf('e')).toBeLessThan(work.taken.lastIndexOf('a'));
  });

  it('comes back when a run is due, and when its holder should be gone', async () => {
    const from = Date.now();
    const at: Record<string, number> = {};
    const after = (id: string): Worked => {
      at[id] = Date.now() - from;
      return { status: 'rest' };
    };
    const work = await start({
      due: [() => ({ status: 'rest', due: from + 600 }), () => after('due')],
      held: [() => ({ status: 'held', until: from + 400 }), () => after('held')],
    });
    await expect.poll(() => work.taken.length).toBe(2);
    // Nothing tells that they need somebody: the queue itself has to know.
    work.needy = async () => [];
    await expect.poll(() => Object.keys(at), { timeout: 10_000 }).toEqual(['held', 'due']);
    expect(at['held']).toBeGreaterThanOrEqual(400);
    expect(at['due']).toBeGreaterThanOrEqual(600);
  });

  it('looks into the store when it is told, and by itself: also for one that waits for a time', async () => {
    const rest = (): Worked => ({ status: 'rest' });
    const work = await start({ r: [() => ({ status: 'rest', due: Date.now() + 3_600_000 })] });
    await expect.poll(() => work.taken).toEqual(['r']);
    work.runs.set('r', [rest]);
    work.runs.set('s', [rest]);
    work.wake('s');
    await expect.poll(() => work.taken.toSorted()).toEqual(['r', 'r', 's']);
    work.runs.set('t', [rest]);
    await expect.poll(() => work.taken.at(-1)).toBe('t');
  });

  it('does not give up on a run that could not be opened', async () => {
    const failed = (): Worked => ({ status: 'failed', error: new Error('The machine is broken.') });
    const work = await start({ r: [failed, failed, () => ({ status: 'rest' })] });
    await expect.poll(() => work.runs.size).toBe(0);
    expect(work.taken).toEqual(['r', 'r', 'r']);
  });

  it('is done with what it took when it has stopped, and takes nothing more', async () => {
    const rest = (): Worked => ({ status: 'rest' });
    const ids = Array.from({ length: 50 }, (_, i) => `r${i}`);
    const work = await start(Object.fromEntries(ids.map((id) => [id, [rest]])));
    await expect.poll(() => work.taken.length).toBeGreaterThan(0);
    await working.pop()!.stop();
    expect(work.active.size).toBe(0);
    const { length } = work.taken;
    work.wake('r1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(work.taken).toHaveLength(length);
  });
});
