/** Keys that were damaged, or that somebody else wrote: an error that names what it is, and nobody else is hurt. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  loaded,
  minute,
  owner,
  question,
  questionIds,
  statuses,
  turn,
} from '../conformance/fixtures.ts';

const [[, make] = [undefined, undefined]] = redisClients;

describe.skipIf(redisIsMissing)('damage', () => {
  let server: RedisServer;
  let cli: Redis;
  let store: Store;
  let prefix: string;
  const key = (name: string): string => `${prefix}:${name}`;
  const others = async (): Promise<void> => {
    expect(await loaded(store, 's')).toEqual([1, 2]);
    expect(await statuses(store, turn('s', 3))).toEqual(['committed']);
    expect(await find(store, 's')).toMatchObject({ seq: 3 });
    expect(await store.enqueue('s', { id: 'n', value: '' })).toEqual({ status: 'queued' });
    expect((await store.runs({ limit: 9 })).map(({ run }) => run)).toContain('s');
    expect(await questionIds(store)).toContain('s/q');
  };

  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'everysec' });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    cli = redisCli(server.url);
    prefix = freshPrefix();
    store = temporaryRedisStore(make!(server.url), prefix);
    await store.lease(owner, minute);
    for (const run of ['r', 's']) {
      await commit(
        store,
        creation(run, {
          head: head({ tags: ['a'] }),
          ask: [question(`${run}/q`, { tags: ['x'] })],
          put: [{ kind: 'event', key: 'e', value: '1' }],
        }),
        turn(run, 2),
      );
    }
    await store.enqueue('r', { id: 'm', value: '' });
  });

  test.each<[string, (value: string) => string | undefined]>([
    ['is cut short', (value) => value.slice(0, 8)],
    ['is empty', () => ''],
    ['was written by somebody else', () => '{"my":"json"}'],
    ['is gone', () => undefined],
  ])('a checkpoint that %s is an error that names it, and earlier ones can be read', async (_, damage) => {
    const value = damage((await cli.hget(key('log:r'), '2'))!);
    if (value === undefined) await cli.hdel(key('log:r'), '2');
    else await cli.hset(key('log:r'), '2', value);
    const corrupt = { code: 'CORRUPT_CHECKPOINT', run: 'r', seq: 2 };
    await expect(store.load('r')).rejects.toMatchObject(corrupt);
    await expect(store.history('r', { limit: 9 })).rejects.toMatchObject(corrupt);
    expect(await store.load('r', 1)).toEqual([checkpoint(1, { base: true })]);
    expect(await store.history('r', { to: 1, limit: 9 })).toHaveLength(1);
    await others();
  });

  test.each(['run', 'more', 'log', 'seqs', 'rows', 'keys', 'inbox', 'queue', 'asked'])(
    'the key of somebody else in place of %s: of one run is an error that names it or the run, and nothing is written',
    async (part) => {
      const name = key(`${part}:r`);
      await cli.del(name);
      await cli.xadd(name, '*', 'somebody', 'else');
      const full = turn('r', 3, {
        head: head({ status: 'done', tags: ['b'], due: 5 }),
        put: [{ kind: 'event', key: 'f', value: '' }],
        drop: [{ kind: 'event', key: 'e' }],
        take: ['m'],
        close: ['r/q'],
        ask: [question('r/p')],
      });
      const before = await everything(cli, prefix);
      const [outcome, other] = await store.commit([full, turn('s', 3, { expect: 7 })]);
      expect(other).toEqual({ status: 'conflict' });
      expect(outcome).toMatchObject({
        status: 'failed',
        retry: false,
        error: { code: 'STORE', outcome: 'failed' },
      });
      if (outcome?.status === 'failed')
        expect(outcome.error.message).toMatch(new RegExp(`${part}:r|run 'r'`));
      expect(await everything(cli, prefix)).toEqual(before);
      await others();
    },
  );

  test.each([
    'status:running',
    'status:done',
    'machine:refund',
    'machine:order',
    'tag:a',
    'tag:b',
    'due',
    'open',
    'questions',
    'open:tag:x',
    'open:machine:refund',
    'undelivered',
  ])(
    'the key of somebody else in place of the list %s is an error that names it, and nothing is written in part',
    async (name) => {
      const before = await everything(cli, prefix);
      await cli.del(key(name));
      await cli.xadd(key(name), '*', 'somebody', 'else');
      const full = turn('r', 3, {
        head: head({ machine: 'order', status: 'done', tags: ['b'], due: 5 }),
        take: ['m'],
        close: ['r/q'],
        ask: [question('r/p')],
      });
      const [outcome] = await store.commit([full]);
      expect(outcome).toMatchObject({
        status: 'failed',
        retry: false,
        error: { message: expect.stringContaining(key(name)) },
      });
      const after = await everything(cli, prefix);
      delete before[key(name)];
      delete after[key(name)];
      expect(after).toEqual(before);
      // What needs no list goes on.
      expect(await statuses(store, turn('r', 3))).toEqual(['committed']);
    },
  );

  test.each<[string, () => Promise<unknown>]>([
    ['has lost its head', () => cli.del(key('more:r'))],
    ['has lost fields', () => cli.hdel(key('run:r'), 'machine', 'tags')],
    ['has tags that are cut short', () => cli.hset(key('run:r'), 'tags', '9:a')],
    ['is the key of somebody else', () => cli.del(key('run:r')).then(() => cli.set(key('run:r'), 'mine'))],
  ])('a run that %s is left out of lists, and an error where it is asked for', async (_, damage) => {
    await damage();
    await expect(find(store, 'r')).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/:r |'r'/),
    });
    expect((await store.runs({ limit: 9 })).map(({ run }) => run)).toEqual(['s']);
    expect((await store.runs({ machine: 'refund', limit: 1 })).map(({ run }) => run)).toEqual(['s']);
    await others();
  });

  test('a run whose key is gone is left out of lists', async () => {
    await cli.del(key('run:r'));
    expect(await find(store, 'r')).toBeUndefined();
    expect((await store.runs({ limit: 9 })).map(({ run }) => run)).toEqual(['s']);
    expect(await statuses(store, turn('r', 3))).toEqual(['fenced']);
    await others();
  });

  test('a question that is damaged is left out of lists, and an error where it is asked for', async () => {
    await cli.hset(key('questions'), 'r/q', '5:abc');
    await expect(store.questions({ id: 'r/q', limit: 1 })).rejects.toMatchObject({ code: 'STORE' });
    expect(await questionIds(store)).toEqual(['s/q']);
    expect(await questionIds(store, { run: 'r' })).toEqual([]);
    await others();
  });

  test('a row that is missing is an error that names it', async () => {
    await cli.hdel(key('rows:r'), 'event:e');
    await expect(store.rows('r', 'event', {})).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/'e'.*'event'.*'r'/),
    });
    await cli.hdel(key('inbox:r'), 'm');
    await expect(store.rows('r', 'inbox', {})).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/'m'.*'inbox'.*'r'/),
    });
    await others();
  });

  test('keys of somebody else beside the store are nobody’s business', async () => {
    await cli.set(`${prefix}x`, 'mine');
    await cli.set(key('else'), 'mine');
    await others();
    expect(await cli.get(key('else'))).toBe('mine');
  });

  test('a store that was emptied under its users fences them, and begins anew', async () => {
    await cli.flushall();
    expect(await statuses(store, turn('r', 3))).toEqual(['fenced']);
    expect(await store.runs({ limit: 9 })).toEqual([]);
    await store.lease(owner, minute);
    expect(await statuses(store, creation('r'))).toEqual(['committed']);
  });
});

/** All keys of a store, as the server keeps them. */
async function everything(cli: Redis, prefix: string): Promise<Record<string, string | undefined>> {
  const keys = (await cli.keys(`${prefix}:*`)).sort();
  const dumps = await Promise.all(keys.map(async (name) => (await cli.dumpBuffer(name))?.toString('hex')));
  return Object.fromEntries(keys.map((name, i) => [name, dumps[i]]));
}
