/** Processes that share the work of one store by a queue on the same server. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRuntime } from 'savepoint';
import { redisStore } from 'savepoint/redis';
import { bundle, unbundle } from '../proof/bundle.ts';
import { redisIsMissing, type RedisServer, startRedis } from '../support/redis-server.ts';
import { makeErrand } from './errand.ts';

const STEPS = ['step-1', 'step-2', 'step-3'];
const patience = 60_000;

describe.skipIf(redisIsMissing)('two processes with an engine on BullMQ', () => {
  let program: string;
  let server: RedisServer;
  let folder: string;
  let ledger: string;
  let workers: ChildProcess[];

  beforeAll(async () => {
    program = await bundle(new URL('bullmq-process.ts', import.meta.url));
  });
  afterAll(() => unbundle(program));
  beforeEach(async () => {
    server = await startRedis();
    folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
    ledger = join(folder, 'ledger');
    writeFileSync(ledger, '');
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  async function startWorker(name: string): Promise<ChildProcess> {
    const worker = fork(program, [String(server.port), ledger, name], { execArgv: [] });
    workers.push(worker);
    await once(worker, 'message');
    return worker;
  }

  const store = () => redisStore(new Redis(server.url, { lazyConnect: true }));
  const entries = (): { what: string; run: string; by: string }[] =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [what = '', run = '', by = ''] = line.split(' ');
        return { what, run, by };
      });

  /** Runs that nobody holds, each with an event in its inbox. */
  async function leave(count: number): Promise<string[]> {
    const errand = makeErrand(() => {});
    const starter = createRuntime({ store: store(), machines: [errand] });
    const ids = Array.from({ length: count }, (_, i) => `errand-${i}`);
    await Promise.all(ids.map((id) => starter.start(errand, { id, input: { name: id } })));
    await starter.close();
    const sender = createRuntime({ store: store() });
    await Promise.all(ids.map((id) => sender.send(id, { type: 'GO' })));
    return ids;
  }

  async function allEnd(ids: readonly string[]): Promise<void> {
    const reader = createRuntime({ store: store() });
    const ended = async (): Promise<number> => {
      let count = 0;
      for await (const { status } of reader.list({ status: ['done'] })) if (status === 'done') count++;
      return count;
    };
    await expect.poll(ended, { timeout: patience, interval: 200 }).toBe(ids.length);
  }

  it(
    'take each run to its end, share them, and do no step twice',
    async () => {
      await Promise.all(['a', 'b'].map(startWorker));
      const ids = await leave(60);
      await allEnd(ids);
      const done = entries();
      expect(done).toHaveLength(ids.length * STEPS.length);
      expect(new Set(done.map(({ what, run }) => `${what} ${run}`)).size).toBe(done.length);
      expect(new Set(done.map(({ by }) => by))).toEqual(new Set(['a', 'b']));
    },
    patience,
  );

  it(
    'one of which is killed take each run to its end, and do again only what that one was in the middle of',
    async () => {
      const [killed] = (await Promise.all(['killed', 'b'].map(startWorker))) as [ChildProcess];
      const ids = await leave(60);
      await expect
        .poll(() => entries().filter(({ by }) => by === 'killed').length, { timeout: patience, interval: 5 })
        .toBeGreaterThan(20);
      killed.kill('SIGKILL');
      await startWorker('c');
      await allEnd(ids);
      const done = entries();
      for (const run of ids) {
        const steps = done.filter((entry) => entry.run === run);
        expect([...new Set(steps.map(({ what }) => what))]).toEqual(STEPS);
        const again = steps.filter(({ what }, i) => steps.findIndex((one) => one.what === what) < i);
        // At most the step that was under way, and its first try was the killed one's.
        expect(again.length).toBeLessThanOrEqual(1);
        for (const { what } of again) expect(steps.find((one) => one.what === what)?.by).toBe('killed');
      }
      // It held ten at a time.
      expect(done.length).toBeLessThanOrEqual(ids.length * STEPS.length + 10);
    },
    patience,
  );

  it(
    'lose nothing when the queue is emptied: what there is to do is in the store',
    async () => {
      await Promise.all(['a', 'b'].map(startWorker));
      const queue = new Queue('runs', { connection: { host: '127.0.0.1', port: server.port } });
      const ids = await leave(30);
      await expect.poll(() => entries().length, { timeout: patience, interval: 5 }).toBeGreaterThan(10);
      await queue.obliterate({ force: true });
      await queue.close();
      await allEnd(ids);
      expect(entries()).toHaveLength(ids.length * STEPS.length);
    },
    patience,
  );
});
