/** What must not cost more as a store grows: counted in commands that the server carries out, not in time. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { QuestionScan, RunScan, RunStatus, Store } from '../../src/store.ts';
import { commit, creation, head, minute, owner, puts, question, turn } from '../conformance/fixtures.ts';

const [[, make] = [undefined, undefined]] = redisClients;
const statuses: RunStatus[] = ['waitingForInput', 'sleeping', 'idle'];

describe.skipIf(redisIsMissing)('growth', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis({ appendonly: 'no' });
  });
  afterAll(() => server.stop());

  async function emptyStore(): Promise<Store> {
    const store = temporaryRedisStore(make!(server.url), freshPrefix());
    await store.lease(owner, minute);
    return store;
  }

  /** Suspended runs, each with a question; all were made at the same few times. */
  async function storeOf(count: number): Promise<Store> {
    const store = await emptyStore();
    const runs = Array.from({ length: count }, (_, i) =>
      creation(`r${i}`, {
        head: head({
          createdAt: 1000 + (i % 3),
          due: 1000 + i,
          status: statuses[i % 3]!,
          machine: `m${i % 4}`,
          tags: ['all', `t${i % 4}`],
        }),
        ask: [
          question(`r${i}/q`, { machine: `m${i % 4}`, assignee: `a${i % 4}`, tags: ['all'], opened: i % 3 }),
        ],
        release: true,
      }),
    );
    await commit(store, ...runs);
    await store.enqueue('r1', { id: 'm', value: '' });
    return store;
  }

  /** How many commands the server carries out for a call, those of its scripts included. */
  async function commandsOf(cli: Redis, call: () => unknown): Promise<number> {
    await call();
    await cli.config('RESETSTAT');
    await call();
    const stats = await cli.info('commandstats');
    return [...stats.matchAll(/^cmdstat_(?!config|info)[^:]+:calls=(\d+)/gm)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  }

  test('a page, what is due, one run and one answer cost the same among many as among few', async () => {
    const cli = redisCli(server.url);
    const few = await storeOf(600);
    const many = await storeOf(6000);
    const runs: Omit<RunScan, 'limit'>[] = [
      {},
      { descending: true },
      { after: { createdAt: 1001, run: 'r4' } },
      { createdFrom: 1001, createdTo: 1002 },
      { status: ['sleeping'] },
      { status: ['running'], free: true },
      { machine: 'm1' },
      { tag: 'all' },
      { tag: 't1', after: { createdAt: 1001, run: 'r13' }, descending: true },
      { dueTo: 1009 },
      { dueTo: 1009, free: true },
      { dueTo: Number.MAX_SAFE_INTEGER },
      { undelivered: true, free: true },
      { undelivered: true, owner },
      { machine: 'm1', status: ['failed'] },
      { run: 'r5' },
    ];
    const questions: Omit<QuestionScan, 'limit'>[] = [
      {},
      { machine: 'm1' },
      { assignee: 'a1' },
      { run: 'r1' },
      { id: 'r1/q' },
      { tag: 'all', after: { opened: 1, id: 'r13/q' } },
      { machine: 'm1', openedTo: 2 },
    ];
    const calls: [string, (store: Store) => unknown][] = [
      ...runs.map((scan): [string, (store: Store) => unknown] => [
        JSON.stringify(scan),
        (store) => store.runs({ ...scan, limit: 10 }),
      ]),
      ...questions.map((scan): [string, (store: Store) => unknown] => [
        JSON.stringify(scan),
        (store) => store.questions({ ...scan, limit: 10 }),
      ]),
      ['a message', (store) => store.enqueue('r2', { id: `${Math.random()}`, value: '' })],
      ['acquire', (store) => store.acquire('r3', owner)],
    ];
    for (const [name, call] of calls) {
      const [of, among] = [await commandsOf(cli, () => call(few)), await commandsOf(cli, () => call(many))];
      expect(among, name).toBeLessThanOrEqual(of * 1.1 + 2);
    }
  });

  test('the last of many commits costs what the first did', async () => {
    const cli = redisCli(server.url);
    const store = await emptyStore();
    await commit(store, creation('r'));
    let seq = 1;
    const both = async (): Promise<void> => {
      seq++;
      await commit(
        store,
        turn('r', seq, { put: [{ kind: 'event', key: `e${seq}`, value: '' }] }),
        puts('r', 'step', `k${seq}`),
      );
    };
    const first = await commandsOf(cli, both);
    for (let i = 0; i < 3000; i++) await both();
    expect(await commandsOf(cli, both)).toBe(first);
  });

  test('pages are whole where thousands of runs were made, and of questions opened, at one time', async () => {
    const store = await emptyStore();
    const ids = Array.from({ length: 3000 }, (_, i) => `${['a', '\ue000', '😀'][i % 3]}${i}`).sort();
    await commit(
      store,
      ...ids.map((id) =>
        creation(id, { ask: [question(id)], head: head({ status: statuses[id.length % 3]! }) }),
      ),
    );
    for (const descending of [false, true]) {
      const paged: string[] = [];
      for (let after: RunScan['after']; ;) {
        const page = await store.runs({ after, descending, limit: 70 });
        paged.push(...page.map(({ run }) => run));
        after = page.at(-1);
        if (page.length < 70) break;
      }
      expect(paged).toEqual(descending ? ids.toReversed() : ids);
    }
    const paged: string[] = [];
    for (let after: QuestionScan['after']; ;) {
      const page = await store.questions({ after, limit: 70 });
      paged.push(...page.map(({ id }) => id));
      after = page.at(-1);
      if (page.length < 70) break;
    }
    expect(paged).toEqual(ids);
  });

  test('a list of which little is wanted is read in several calls, to the end', async () => {
    const store = await emptyStore();
    const rare = new Set(['r7', 'r5500', 'r11999']);
    const ids = Array.from({ length: 12_000 }, (_, i) => `r${i}`);
    await commit(
      store,
      ...ids.map((id, i) =>
        creation(id, {
          head: head({ createdAt: i, due: i, machine: 'm', tags: ['t'] }),
          release: rare.has(id),
        }),
      ),
    );
    for (const scan of [
      { free: true },
      { free: true, dueTo: 20_000 },
      { free: true, tag: 't', machine: 'm' },
    ] as const) {
      for (const descending of [false, true]) {
        const found = (await store.runs({ ...scan, descending, limit: 10 })).map(({ run }) => run);
        expect(found).toEqual(descending ? [...rare].reverse() : [...rare]);
        const first = (await store.runs({ ...scan, descending, limit: 1 })).map(({ run }) => run);
        expect(first).toEqual(found.slice(0, 1));
      }
    }
    expect(await store.runs({ status: ['running'], owner: 'nobody', limit: 5 })).toEqual([]);
  });
});
