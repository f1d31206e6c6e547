/** A server that is not there, goes away, and comes back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  loaded,
  minute,
  owner,
  puts,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';

/** A store may answer at once. */
const allSettled = (calls: readonly unknown[]): Promise<PromiseSettledResult<unknown>[]> =>
  Promise.allSettled(calls.map(async (call) => call));

describe.skipIf(redisIsMissing).each(redisClients)('through %s', (_, make) => {
  let server: RedisServer;
  let store: Store;

  beforeEach(async () => {
    server = await startRedis();
    store = temporaryRedisStore(make(server.url), freshPrefix());
    await store.lease(owner, minute);
    await commit(store, creation('r'));
  });
  afterEach(() => server.stop());

  /** Resolves when the driver has noticed as well. */
  async function killed(): Promise<void> {
    await server.kill('SIGKILL');
    await sleep(100);
  }

  test('while there is none, calls wait for a while, and then fail: nothing was written', async () => {
    await killed();
    const calls = [
      store.runs({ limit: 1 }),
      store.lease(owner, minute),
      store.acquire('r', owner),
      store.enqueue('r', { id: 'm', value: '' }),
      store.listen!(() => {}),
    ];
    const committing = store.commit([turn('r', 2), turn('r', 3)]);
    for (const call of await allSettled(calls)) {
      expect(call).toMatchObject({
        reason: {
          code: 'STORE',
          outcome: 'failed',
          message: expect.stringMatching(/there is no connection/),
        },
      });
    }
    expect(await committing).toMatchObject([
      { status: 'failed', retry: true },
      { status: 'failed', retry: true },
    ]);
  });

  test('what was given up while there was none is not sent when it is back', async () => {
    await killed();
    const given = [store.commit([turn('r', 2)]), store.enqueue('r', { id: 'm', value: '' })];
    await allSettled(given);
    await server.start();
    await expect.poll(() => store.load('r')).toHaveLength(1);
    await sleep(200);
    expect(await loaded(store, 'r')).toEqual([1]);
    expect(await store.rows('r', 'inbox', {})).toEqual([]);
  });

  test('calls that wait go well when it comes back in time', async () => {
    await killed();
    const calls = [statuses(store, turn('r', 2)), store.enqueue('r', { id: 'm', value: '' })];
    await sleep(300);
    await server.start();
    expect(await Promise.all(calls.map(async (call): Promise<unknown> => call))).toEqual([
      ['committed'],
      { status: 'queued' },
    ]);
  });

  describe('when it dies before it has answered', () => {
    beforeEach(() => server.kill('SIGSTOP'));

    test('nobody knows whether a commit or a message was written', async () => {
      const calls = allSettled([store.commit([turn('r', 2)]), store.enqueue('r', { id: 'm', value: '' })]);
      await sleep(100);
      await server.kill('SIGKILL');
      for (const call of await calls) {
        expect(call).toMatchObject({ reason: { code: 'STORE', outcome: 'unknown' } });
      }
      await server.start();
      // It was stopped before it read anything.
      expect(await statuses(store, turn('r', 2))).toEqual(['committed']);
    });

    test('what may be done twice is done again', async () => {
      const calls = [
        find(store, 'r'),
        store.load('r'),
        store.acquire('r', owner),
        store.lease(owner, minute),
      ];
      await sleep(100);
      await server.restart();
      expect(await Promise.all(calls.map(async (call): Promise<unknown> => call))).toMatchObject([
        { run: 'r' },
        [{ seq: 1 }],
        { status: 'acquired' },
        undefined,
      ]);
    });

    test('a store that is closed lets go of what is under way', async () => {
      const call = store.commit([turn('r', 2)]);
      const lost = expect(call).rejects.toMatchObject({ outcome: 'unknown' });
      await store.close();
      await lost;
      await server.kill('SIGCONT');
    });
  });

  test('while a script of somebody else keeps it busy, calls wait', async () => {
    const [cli, other] = [redisCli(server.url), redisCli(server.url)];
    await cli.config('SET', 'busy-reply-threshold', '50');
    await other.ping();
    const endless = cli.eval('while true do end', 0).catch(String);
    await sleep(100);
    const call = statuses(store, turn('r', 2));
    await sleep(100);
    await other.script('KILL');
    expect(await endless).toMatch(/killed/i);
    expect(await call).toEqual(['committed']);
  });

  test('while it reads its data again, calls wait', async () => {
    const keys = Array.from({ length: 2000 }, (__, i) => `k${i}`);
    await commit(store, puts('r', 'event', ...keys));
    await server.kill('SIGKILL');
    const slowly = { 'key-load-delay': '20', 'loading-process-events-interval-bytes': '1024' };
    const starting = server.start(slowly);
    expect(await statuses(store, turn('r', 2))).toEqual(['committed']);
    await starting;
  });

  test('what was acknowledged is there after each crash, while it is killed and killed again', async () => {
    const runs = Array.from({ length: 8 }, (__, i) => `run-${i}`);
    await commit(store, ...runs.map((run) => creation(run)));
    /** The last seq that was acknowledged. */
    const acknowledged = new Map(runs.map((run) => [run, 1]));
    const end = new AbortController();
    let unknown = 0;
    const isWritten = async (run: string, seq: number): Promise<boolean> => {
      const put = [{ kind: 'event', key: `e${seq}`, value: `${seq}` }] as const;
      try {
        const [outcome] = await store.commit([turn(run, seq, { put })]);
        if (outcome?.status !== 'committed') expect(outcome).toMatchObject({ status: 'failed', retry: true });
        return outcome?.status === 'committed';
      } catch {
        unknown++;
        const there = (await find(store, run))!.seq;
        expect([seq - 1, seq]).toContain(there);
        return there === seq;
      }
    };
    const write = async (run: string): Promise<void> => {
      while (!end.signal.aborted) {
        const seq = acknowledged.get(run)! + 1;
        if (await isWritten(run, seq)) acknowledged.set(run, seq);
      }
    };
    const writing = Promise.all(runs.map(write));
    for (let crash = 0; crash < 6; crash++) {
      await sleep(150 + 50 * crash);
      await server.restart();
    }
    await sleep(100);
    end.abort();
    await writing;
    expect(unknown).toBeGreaterThan(0);
    await server.restart();
    for (const [run, last] of acknowledged) {
      const rows = await store.load(run);
      expect(last).toBeGreaterThan(6);
      expect(rows).toEqual([
        checkpoint(1, { base: true }),
        ...Array.from({ length: last - 1 }, (__, i) => checkpoint(i + 2)),
      ]);
      expect(await store.rows(run, 'event', {})).toHaveLength(last - 1);
      expect(await find(store, run)).toMatchObject({ seq: last, updatedAt: 2000 + last });
    }
  });
});
