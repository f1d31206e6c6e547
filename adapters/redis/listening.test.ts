/** Handles on one store, through either driver, and what they hear of each other. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  head,
  keysOf,
  minute,
  owner,
  puts,
  removal,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';

describe.skipIf(redisIsMissing).each(redisClients)('a handle through %s', (driver, make) => {
  const [, makeOther] = redisClients.find(([name]) => name !== driver)!;
  let server: RedisServer;
  let prefix: string;
  let store: Store;
  let other: Store;
  let heard: string[];

  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'everysec' });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    prefix = freshPrefix();
    store = temporaryRedisStore(make(server.url), prefix);
    other = temporaryRedisStore(makeOther(server.url), prefix);
    heard = [];
    await store.lease(owner, minute);
    await commit(store, creation('r'), creation('😀\0'));
  });

  test('sees at once what one through the other driver wrote', async () => {
    const value = Uint8Array.of(0, 255, 1);
    await commit(other, turn('r', 2, { put: [{ kind: 'blob', key: '😀', value }] }));
    await other.enqueue('r', { id: 'm\ud83d', value: '\udc00' });
    expect(await store.rows('r', 'blob', {})).toEqual([{ key: '😀', value }]);
    expect(await store.rows('r', 'inbox', {})).toEqual([{ key: 'm\ud83d', value: '\udc00' }]);
    expect(await statuses(store, turn('r', 2, { unless: ['m\ud83d'] }))).toEqual(['conflict']);
    await commit(store, turn('r', 3, { take: ['m\ud83d'] }));
    expect(await keysOf(other, 'r', 'inbox')).toEqual([]);
  });

  test('hears of messages and commits of another, under any id', async () => {
    const end = await store.listen!((run) => heard.push(run));
    await other.enqueue('r', { id: 'm', value: '' });
    await expect.poll(() => heard).toEqual(['r']);
    await commit(other, turn('😀\0', 2), turn('r', 2, { head: head({ status: 'done' }) }));
    await expect.poll(() => heard).toEqual(['r', '😀\0', 'r']);
    await commit(other, removal('r'));
    await expect.poll(() => heard).toHaveLength(4);
    await end();
    await other.enqueue('😀\0', { id: 'm', value: '' });
    await sleep(50);
    expect(heard).toHaveLength(4);
  });

  test('hears nothing of itself, of what was refused, nor of a message that is known', async () => {
    await other.enqueue('r', { id: 'm', value: '' });
    await store.listen!((run) => heard.push(run));
    await store.enqueue('r', { id: 'n', value: '' });
    await commit(store, turn('r', 2));
    await other.enqueue('r', { id: 'm', value: '' });
    await other.enqueue('none', { id: 'm', value: '' });
    await statuses(other, turn('r', 9), turn('r', 3, { fence: 9 }));
    await commit(other, puts('r', 'step', 'k'), turn('😀\0', 2));
    await expect.poll(() => heard).toEqual(['😀\0']);
  });

  test('may listen several times, and each ends by itself', async () => {
    const ends = [
      await store.listen!((run) => heard.push(`1${run}`)),
      await store.listen!((run) => heard.push(`2${run}`)),
    ];
    await other.enqueue('r', { id: 'm', value: '' });
    await expect.poll(() => heard.toSorted()).toEqual(['1r', '2r']);
    await ends[0]!();
    await ends[0]!();
    await other.enqueue('r', { id: 'n', value: '' });
    await expect.poll(() => heard.toSorted()).toEqual(['1r', '2r', '2r']);
  });

  test('listens again when the server was gone', async () => {
    await store.listen!((run) => heard.push(run));
    await server.restart();
    await expect
      .poll(async () => {
        await other.enqueue('r', { id: `m${heard.length}${Math.random()}`, value: '' });
        return heard.length;
      })
      .toBeGreaterThan(0);
  });

  test('is not disturbed by what somebody else says on the channel', async () => {
    await store.listen!((run) => heard.push(run));
    const cli = redisCli(server.url);
    for (const message of ['', 'hello', `${'0'.repeat(16)}7:r`, '\xff'.repeat(40)])
      await cli.publish(`${prefix}:wake`, message);
    await other.enqueue('r', { id: 'm', value: '' });
    await expect.poll(() => heard).toEqual(['r']);
  });
});
