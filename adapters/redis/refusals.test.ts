/** A server that answers, and does not do what it was asked. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { Store } from '../../src/store.ts';
import {
  commit,
  creation,
  find,
  head,
  loaded,
  minute,
  owner,
  question,
  rowOf,
  turn,
} from '../conformance/fixtures.ts';

describe.skipIf(redisIsMissing).each(redisClients)('through %s', (_, make) => {
  let server: RedisServer;
  let cli: Redis;
  let store: Store;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    cli = redisCli(server.url);
    store = temporaryRedisStore(make(server.url), freshPrefix());
    await store.lease(owner, minute);
    await commit(store, creation('r', { ask: [question('r/q', { tags: ['x'] })] }), creation('s'));
    await store.enqueue('r', { id: 'm', value: '' });
  });

  /** All that a commit can hold. */
  const full = turn('r', 2, {
    head: head({ status: 'done', tags: ['a'], due: 5 }),
    put: [{ kind: 'event', key: 'e', value: '' }],
    take: ['m'],
    close: ['r/q'],
    ask: [question('r/p')],
  });

  /** Commits `full` and one for another run: neither is written, and both go well when it is over. */
  async function refuses(message: RegExp, over: () => Promise<unknown>): Promise<void> {
    const outcomes = await store.commit([full, turn('s', 2)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'failed',
        retry: true,
        error: { code: 'STORE', outcome: 'failed' },
      });
      if (outcome.status === 'failed') expect(outcome.error.message).toMatch(message);
    }
    await expect(store.enqueue('s', { id: 'n', value: '' })).rejects.toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(message),
    });
    await expect(store.lease(owner, minute)).rejects.toMatchObject({ outcome: 'failed' });
    expect(await loaded(store, 'r')).toEqual([1]);
    expect(await loaded(store, 's')).toEqual([1]);
    expect(await find(store, 'r')).toMatchObject({ status: 'running', seq: 1 });
    expect(await rowOf(store, 'r', 'event', 'e')).toBeUndefined();
    expect((await store.rows('r', 'inbox', {})).map(({ key }) => key)).toEqual(['m']);
    expect((await store.questions({ run: 'r', limit: 9 })).map(({ id }) => id)).toEqual(['r/q']);
    await over();
    await commit(store, full, turn('s', 2));
    expect(await loaded(store, 'r')).toEqual([1, 2]);
    expect(await find(store, 'r')).toMatchObject({ status: 'done' });
  }

  test('a full memory fails commits as a whole, and they go well when there is room', async () => {
    await cli.config('SET', 'maxmemory', '1');
    await refuses(/memory is full.*maxmemory/, () => cli.config('SET', 'maxmemory', '0'));
  });

  test('a commit that needs no memory may go well where the memory is full', async () => {
    await cli.config('SET', 'maxmemory', '1');
    await commit(store, { run: 'r', owner, fence: 1, drop: [{ kind: 'event', key: 'e' }] });
    await cli.config('SET', 'maxmemory', '0');
  });

  test('too few replicas fail commits as a whole', async () => {
    await cli.config('SET', 'min-replicas-to-write', '1');
    await refuses(/too few replicas/, () => cli.config('SET', 'min-replicas-to-write', '0'));
  });

  test('a server that was made a replica fails commits as a whole, and says so', async () => {
    await cli.replicaof('127.0.0.1', '1');
    await refuses(/is a replica.*master/, () => cli.replicaof('NO', 'ONE'));
  });

  test('a disk that cannot be written fails commits as a whole', async () => {
    // A snapshot that fails, as there is a folder in its place, stops all writes.
    mkdirSync(join(server.folder, 'dump.rdb'));
    await cli.config('SET', 'save', '3600 1', 'stop-writes-on-bgsave-error', 'yes');
    await cli.bgsave();
    await expect.poll(async () => cli.info('persistence')).toContain('rdb_last_bgsave_status:err');
    await refuses(/cannot write to its disk/, () => cli.config('SET', 'save', ''));
    rmdirSync(join(server.folder, 'dump.rdb'));
  });

  test('a value that is larger than Redis takes is refused for good, and the connection stays', async () => {
    const value = new Uint8Array(512 * 1024 * 1024);
    const put = [{ kind: 'blob', key: 'b', value }] as const;
    const outcomes = await store.commit([turn('r', 2, { put }), turn('s', 2)]);
    expect(outcomes).toMatchObject([{ status: 'failed', retry: false }, { status: 'committed' }]);
    expect(await loaded(store, 'r')).toEqual([1]);
  });

  test('a batch that is written in several pieces has its outcomes in order, and may hold a run twice', async () => {
    const runs = Array.from({ length: 1500 }, (_, i) => `run-${i}`);
    const many = [...runs.map((run) => creation(run)), turn('run-0', 2), turn('run-1', 9), turn('run-0', 3)];
    const outcomes = await store.commit(many);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...runs.map(() => 'committed'),
      'committed',
      'conflict',
      'committed',
    ]);
    const big = (seq: number) =>
      turn('run-0', seq, { put: [{ kind: 'blob', key: `${seq}`, value: new Uint8Array(9e6) }] });
    await commit(store, big(4), big(5), big(6));
    expect(await loaded(store, 'run-0')).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
