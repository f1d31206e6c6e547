/** A holder in another process: killed, stopped past its lease, woken. */
import { type ChildProcess, spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, redisCli, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import type { Acquired, Store } from '../../src/store.ts';
import {
  commit,
  creation,
  head,
  loaded,
  minute,
  puts,
  sleep,
  statuses,
  turn,
} from '../conformance/fixtures.ts';
import { thisHolder } from '../node/holder.ts';

const program = fileURLToPath(new URL('./remote-store.mjs', import.meta.url));
const [[, make] = [undefined, undefined]] = redisClients;

/** A store in another process. */
class RemoteStore {
  readonly process: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #waiting: ((answer: string) => void)[] = [];
  readonly #ready: Promise<string> = this.#line();

  constructor() {
    createInterface(this.process.stdout!).on('line', (line) => this.#waiting.shift()?.(line));
  }

  async call<T>(method: keyof Store | 'open', ...args: unknown[]): Promise<T> {
    await this.#ready;
    const line = this.#line();
    this.process.stdin!.write(`${JSON.stringify([method, ...args])}\n`);
    const answer = JSON.parse(await line) as { value: T; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  #line(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

describe.skipIf(redisIsMissing)('a holder in another process', () => {
  let server: RedisServer;
  let prefix: string;
  let store: Store;
  let other: RemoteStore;
  /** A process takes a while to start, so the next test gets it, if it is still well. */
  let idle: RemoteStore | undefined;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    idle?.process.kill('SIGKILL');
    await server.stop();
  });
  beforeEach(async () => {
    prefix = freshPrefix();
    store = temporaryRedisStore(make!(server.url), prefix);
    await store.lease('me', minute);
    other = idle ?? new RemoteStore();
    await other.call('open', server.url, prefix);
  });
  afterEach(({ task }) => {
    idle = task.result?.state === 'pass' && !other.process.killed ? other : undefined;
    if (idle === undefined) other.process.kill('SIGKILL');
  });

  /** The other process holds the run `r`. */
  async function holds(lease: number): Promise<void> {
    await other.call('lease', 'other', lease);
    const committed = await other.call('commit', [creation('r', { owner: 'other', head: head({ due: 1 }) })]);
    expect(committed).toEqual([{ status: 'committed' }]);
  }
  const status = async (): Promise<string> => (await store.acquire('r', 'me')).status;

  test('is named, with the end of its lease by the clock of the server', async () => {
    await holds(minute);
    const held = await store.acquire('r', 'me');
    expect(held).toMatchObject({ status: 'held', by: `process ${other.process.pid} on ${hostname()}` });
    expect(await statuses(store, turn('r', 2, { owner: 'me' }))).toEqual(['fenced']);
  });

  describe.runIf(thisHolder().proc !== undefined)('that was killed', () => {
    test('frees its runs at once, with all that was acknowledged', async () => {
      await holds(minute);
      await other.call('commit', [turn('r', 2, { owner: 'other' })]);
      expect(await store.runs({ status: ['running'], free: true, limit: 9 })).toEqual([]);
      other.process.kill('SIGKILL');
      // The signal is on its way when kill() returns; no lease is waited for.
      await expect.poll(status).toBe('acquired');
      expect(await loaded(store, 'r')).toEqual([1, 2]);
    });

    test('leaves its runs among the free ones', async () => {
      await holds(minute);
      other.process.kill('SIGKILL');
      const free = async () => (await store.runs({ dueTo: 5, free: true, limit: 9 })).map(({ run }) => run);
      await expect.poll(free).toEqual(['r']);
    });

    test('leaves nothing else: the next owner clears away what is there of it', async () => {
      await holds(minute);
      other.process.kill('SIGKILL');
      const cli = redisCli(server.url);
      await expect
        .poll(async () => {
          await store.lease(`me-${Math.random()}`, minute);
          return cli.hexists(`${prefix}:owners`, 'other');
        })
        .toBe(0);
      const owners = await cli.hlen(`${prefix}:owners`);
      expect([await cli.hlen(`${prefix}:holders`), await cli.zcard(`${prefix}:leases`)]).toEqual([
        owners,
        owners,
      ]);
    });
  });

  test('that was stopped past its lease loses the run, and writes nothing when it wakes', async () => {
    await holds(500);
    process.kill(other.process.pid!, 'SIGSTOP');
    expect(await status()).toBe('held');
    await expect.poll(status, { timeout: 5000 }).toBe('acquired');
    await commit(store, turn('r', 2, { owner: 'me', fence: 2 }));
    process.kill(other.process.pid!, 'SIGCONT');
    await other.call('lease', 'other', minute);
    for (const late of [
      turn('r', 2),
      turn('r', 3),
      puts('r', 'step', 'k'),
      { ...puts('r', 'event', 'e'), release: true },
    ]) {
      expect(await other.call('commit', [{ ...late, owner: 'other' }])).toEqual([{ status: 'fenced' }]);
    }
    expect(await other.call<Acquired>('acquire', 'r', 'other')).toMatchObject({ status: 'held' });
    expect(await loaded(store, 'r')).toEqual([1, 2]);
    expect(await store.rows('r', 'step', {})).toEqual([]);
  });

  test('that was stopped past its lease goes on where nobody came', async () => {
    await holds(100);
    process.kill(other.process.pid!, 'SIGSTOP');
    await sleep(300);
    process.kill(other.process.pid!, 'SIGCONT');
    expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'committed' }]);
  });
});
