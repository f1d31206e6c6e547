/** Which servers, clients and keys are taken. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import { commit, creation, loaded, minute, owner } from '../conformance/fixtures.ts';
import { type RedisClient, redisStore } from './index.ts';

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['an address', 'redis://localhost'],
  ['a client of another database', { query: () => {} }],
])('%s is no client', (_, client) => {
  expect(() => redisStore(client as RedisClient)).toThrow(InvalidArgumentError);
});

test('a prefix is a text that is not empty', () => {
  const client = createClient();
  expect(() => redisStore(client, { prefix: '' })).toThrow(InvalidArgumentError);
  expect(() => redisStore(client, { prefix: 5 as unknown as string })).toThrow(InvalidArgumentError);
});

describe.skipIf(redisIsMissing).each(redisClients)('a server, through %s', (_, make) => {
  let server: RedisServer;
  let cli: Redis;
  let prefix: string;
  const open = (url = server.url) => temporaryRedisStore(make(url), prefix);

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(() => {
    cli = redisCli(server.url);
    prefix = freshPrefix();
  });
  afterAll(() => server.stop());

  describe('that evicts keys', () => {
    beforeEach(() => async () => {
      await cli.config('SET', 'maxmemory', '0');
      await cli.config('SET', 'maxmemory-policy', 'noeviction');
    });

    test.each([
      ['allkeys-lru', '0'],
      ['allkeys-random', '100mb'],
      ['volatile-ttl', '100mb'],
    ])('by %s, with %s of memory, is refused, and told what to set', async (policy, memory) => {
      await cli.config('SET', 'maxmemory-policy', policy);
      await cli.config('SET', 'maxmemory', memory);
      await expect(open().lease(owner, minute)).rejects.toMatchObject({
        code: 'STORE',
        outcome: 'failed',
        message: expect.stringMatching(/CONFIG SET maxmemory-policy noeviction.*nothing was changed/),
      });
      expect(await cli.keys(`${prefix}*`)).toEqual([]);
    });

    test('is taken when it does so no longer, by the same store', async () => {
      await cli.config('SET', 'maxmemory-policy', 'allkeys-lfu');
      const store = open();
      await expect(store.runs({ limit: 1 })).rejects.toThrow('noeviction');
      await cli.config('SET', 'maxmemory-policy', 'noeviction');
      expect(await store.runs({ limit: 1 })).toEqual([]);
    });

    test.each([
      ['noeviction', '100mb'],
      ['volatile-lru', '0'],
    ])('never, by %s with %s of memory, is taken', async (policy, memory) => {
      await cli.config('SET', 'maxmemory-policy', policy);
      await cli.config('SET', 'maxmemory', memory);
      await open().lease(owner, minute);
    });
  });

  test('that lets nobody look at its settings is taken, where it tells about its memory', async () => {
    await cli.acl('SETUSER', 'managed', 'on', '>pw', '~*', '&*', '+@all', '-config', '-acl');
    const url = server.url.replace('//', '//managed:pw@');
    await open(url).lease(owner, minute);
  });

  test('that tells nothing about its memory is refused', async () => {
    await cli.acl('SETUSER', 'blind', 'on', '>pw', '~*', '&*', '+@all', '-info');
    // ioredis itself asks for INFO, unless it is told not to.
    const url = server.url.replace('//', '//blind:pw@');
    const client =
      'callBuffer' in make(url) ? new Redis(url, { lazyConnect: true, enableReadyCheck: false }) : make(url);
    const store = temporaryRedisStore(client, prefix);
    await expect(store.lease(owner, minute)).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('INFO'),
    });
  });

  test('whose user may write these keys alone, and run scripts, is enough', async () => {
    const rights = [
      '~{test-*',
      '&{test-*',
      '-@all',
      '+evalsha',
      '+eval',
      '+info',
      '+time',
      '+@read',
      '+@write',
      '+@connection',
      '+publish',
      '+subscribe',
    ];
    await cli.acl('SETUSER', 'narrow', 'on', '>pw', ...rights);
    const store = open(server.url.replace('//', '//narrow:pw@'));
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    expect(await loaded(store, 'r')).toEqual([1]);
    await (
      await store.listen!(() => {})
    )();
  });

  test('that does not let a user run scripts says what that user needs', async () => {
    await cli.acl('SETUSER', 'reader', 'on', '>pw', '~*', '&*', '+@all', '-@scripting');
    const store = open(server.url.replace('//', '//reader:pw@'));
    await expect(store.lease(owner, minute)).rejects.toThrow(/@scripting/);
  });

  test('with keys of another application under the prefix is left as it was', async () => {
    await cli.set(`${prefix}:meta`, 'mine');
    await expect(open().lease(owner, minute)).rejects.toThrow(/another application.*nothing was changed/i);
    await cli.del(`${prefix}:meta`);
    await cli.hset(`${prefix}:meta`, 'application', 'other', 'version', '1');
    await expect(open().lease(owner, minute)).rejects.toThrow(/another application/i);
    expect(await cli.keys(`${prefix}*`)).toEqual([`${prefix}:meta`]);
  });

  test('with a store of a newer savepoint is left as it was', async () => {
    await cli.hset(`${prefix}:meta`, 'application', 'savepoint', 'version', '2');
    await expect(open().lease(owner, minute)).rejects.toThrow(
      /newer savepoint \(schema 2.*nothing was changed/,
    );
    expect(await cli.hgetall(`${prefix}:meta`)).toEqual({ application: 'savepoint', version: '2' });
  });

  test('has as many stores as there are prefixes', async () => {
    const [store, other] = [open(), temporaryRedisStore(make(server.url), freshPrefix())];
    await store.lease(owner, minute);
    await other.lease(owner, minute);
    await commit(store, creation('r'));
    expect(await other.runs({ limit: 1 })).toEqual([]);
    await commit(other, creation('r'));
  });

  test('is used by connections of its own, whatever the client does and as long as the store is open', async () => {
    const client = make(server.url);
    const before = (await cli.client('LIST')) as string;
    const store = temporaryRedisStore(client, prefix);
    await store.lease(owner, minute);
    await store.listen!(() => {});
    const lines = (text: string): number => text.trim().split('\n').length;
    expect(lines((await cli.client('LIST')) as string)).toBe(lines(before) + 2);
    await store.close();
    await expect.poll(async () => lines((await cli.client('LIST')) as string)).toBe(lines(before));
  });
});
