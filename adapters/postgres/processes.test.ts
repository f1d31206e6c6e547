/** Stores in several processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import type { Acquired, Outcome, Store } from '../../src/store.ts';
import { commit, creation, loaded, minute, sleep, statuses, turn } from '../conformance/fixtures.ts';
import { thisHolder } from '../node/holder.ts';

const server = await startPostgres();
const program = fileURLToPath(new URL('./remote-store.mjs', import.meta.url));

/** A store in another process. */
class RemoteStore {
  readonly process: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #waiting: ((answer: string) => void)[] = [];
  readonly #ready: Promise<string> = this.#line();

  constructor() {
    createInterface(this.process.stdout!).on('line', (line) => this.#waiting.shift()?.(line));
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  async call<T>(method: keyof Store | 'open' | 'shift', ...args: unknown[]): Promise<T> {
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

describe.runIf(server)('several processes', () => {
  let schema: string;
  let store: Store;

  beforeEach(() => {
    schema = freshSchema();
    store = temporaryPostgres(temporaryPool(server!), schema);
  });

  afterAll(() => server?.stop());

  const open = async (): Promise<RemoteStore> => {
    const remote = new RemoteStore();
    await remote.call('open', schema, server!.port);
    return remote;
  };

  /** Another process that holds the run `r`. */
  const holder = async (lease: number): Promise<RemoteStore> => {
    const other = await open();
    await other.call('lease', 'other', lease);
    expect(await other.call('commit', [creation('r', { owner: 'other' })])).toEqual([
      { status: 'committed' },
    ]);
    return other;
  };

  test('eight of them may create the tables at the same instant', async () => {
    const others = await Promise.all(Array.from({ length: 8 }, open));
    await Promise.all(others.map((other, i) => other.call('lease', `owner-${i}`, minute)));
    const outcomes = await Promise.all(
      others.map((other, i) => other.call<Outcome[]>('commit', [creation(`r${i}`, { owner: `owner-${i}` })])),
    );
    expect(outcomes.flat()).toEqual(others.map(() => ({ status: 'committed' })));
    expect(await store.runs({ limit: 99 })).toHaveLength(8);
  }, 120_000);

  test('a run that one of them holds names that process and the end of its lease', async () => {
    const other = await holder(minute);
    await store.lease('me', minute);
    const held = await store.acquire('r', 'me');
    expect(held).toMatchObject({ status: 'held', by: `process ${other.process.pid} on ${hostname()}` });
    expect(await statuses(store, turn('r', 2, { owner: 'me' }))).toEqual(['fenced']);
  });

  describe.runIf(thisHolder().proc !== undefined)('where /proc tells', () => {
    test('a run whose process was killed can be taken at once, with all that was acknowledged', async () => {
      const other = await holder(minute);
      await other.call('commit', [turn('r', 2, { owner: 'other' })]);
      await store.lease('me', minute);
      expect((await store.acquire('r', 'me')).status).toBe('held');
      expect(await store.runs({ free: true, limit: 9 })).toEqual([]);
      other.process.kill('SIGKILL');
      await once(other.process, 'exit');
      expect(await store.runs({ free: true, limit: 9 })).toHaveLength(1);
      expect(await store.acquire('r', 'me')).toEqual({ status: 'acquired', fence: 2 });
      expect(await loaded(store, 'r')).toEqual([1, 2]);
    });

    test('what is left of processes that were killed is cleared away by the next one', async () => {
      const other = await holder(1);
      other.process.kill('SIGKILL');
      await once(other.process, 'exit');
      await store.lease('me', minute);
      const { rows } = await temporaryPool(server!).query(`SELECT id FROM "${schema}".owners`);
      expect(rows).toEqual([{ id: 'me' }]);
    });
  });

  test('one that was stopped past its lease loses the run, and commits nothing when it wakes', async () => {
    const other = await holder(1500);
    await store.lease('me', minute);
    other.process.kill('SIGSTOP');
    expect((await store.acquire('r', 'me')).status).toBe('held');
    await expect
      .poll(async () => (await store.acquire('r', 'me')).status, { timeout: 5000, interval: 100 })
      .toBe('acquired');
    await commit(store, turn('r', 2, { owner: 'me', fence: 2 }));
    other.process.kill('SIGCONT');
    await other.call('lease', 'other', minute);
    expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'fenced' }]);
    expect(await other.call('commit', [turn('r', 3, { owner: 'other' })])).toEqual([{ status: 'fenced' }]);
    expect(await other.call<Acquired>('acquire', 'r', 'other')).toMatchObject({ status: 'held' });
    expect(await loaded(store, 'r')).toEqual([1, 2]);
  });

  test('one that was stopped past its lease goes on where nobody came', async () => {
    const other = await holder(100);
    other.process.kill('SIGSTOP');
    await sleep(300);
    other.process.kill('SIGCONT');
    expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'committed' }]);
  });

  test.each([10, -10])(
    'one whose clock is off by %i minutes loses no lease too soon or too late',
    async (minutes) => {
      const other = await open();
      await other.call('shift', minutes * minute);
      await other.call('lease', 'other', minute);
      await other.call('commit', [creation('r', { owner: 'other' })]);
      await store.lease('me', 400);
      await commit(store, creation('s', { owner: 'me' }));
      const mine = await store.acquire('r', 'me');
      const theirs = await other.call<Acquired>('acquire', 's', 'other');
      expect(mine.status === 'held' && Math.abs(mine.until - Date.now() - minute)).toBeLessThan(20_000);
      expect(theirs.status).toBe('held');
      await sleep(500);
      expect((await other.call<Acquired>('acquire', 's', 'other')).status).toBe('acquired');
      await store.lease('me', minute);
      expect((await store.acquire('r', 'me')).status).toBe('held');
    },
  );

  test('a run that one of them writes is not disturbed by those that the others write', async () => {
    const others = await Promise.all(Array.from({ length: 3 }, open));
    const last = 60;
    await Promise.all(
      others.map(async (other, i) => {
        const owner = `owner-${i}`;
        await other.call('lease', owner, minute);
        await other.call('commit', [creation(`r${i}`, { owner })]);
        for (let seq = 2; seq <= last; seq++) {
          const outcomes = await other.call<Outcome[]>('commit', [turn(`r${i}`, seq, { owner })]);
          expect(outcomes).toEqual([{ status: 'committed' }]);
        }
      }),
    );
    for (const i of others.keys()) expect(await loaded(store, `r${i}`)).toHaveLength(last);
  }, 120_000);
});
