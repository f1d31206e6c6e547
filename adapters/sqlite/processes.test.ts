import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Acquired, Outcome, Store } from '../../src/store.ts';
import {
  commit,
  creation,
  loaded,
  minute,
  owner,
  sleep,
  statuses,
  turn,
  removal,
} from '../conformance/fixtures.ts';
import { thisHolder } from '../node/holder.ts';
import { sqliteStore } from './index.ts';

const program = fileURLToPath(new URL('./remote-store.mjs', import.meta.url));

/** A store in another process. */
class RemoteStore {
  readonly process: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #waiting: ((answer: string) => void)[] = [];
  /** Resolves when the process has started. */
  readonly ready: Promise<string> = this.#line();

  constructor() {
    createInterface(this.process.stdout!).on('line', (line) => this.#waiting.shift()?.(line));
  }

  async call<T>(method: keyof Store | 'reopen' | 'sit', ...args: unknown[]): Promise<T> {
    await this.ready;
    const line = this.#line();
    this.process.stdin!.write(`${JSON.stringify([method, ...args])}\n`);
    const answer = JSON.parse(await line) as { value: T; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  #line(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

let folder: string;
let path: string;
let store: Store;
/** Of the test that is running. */
let remotes: RemoteStore[];
/** A process takes most of a second to start, so the next test gets those that are still well. */
const idle: RemoteStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  path = join(folder, 'runs.db');
  store = sqliteStore(path);
  remotes = [];
});

afterEach(async ({ task }) => {
  for (const remote of remotes) {
    const isWell = task.result?.state === 'pass' && !remote.process.killed;
    if (isWell) idle.push(remote);
    else remote.kill('SIGKILL');
  }
  await Promise.all(idle.map((remote) => remote.call('reopen', '')));
  await store.close();
  rmSync(folder, { recursive: true });
});

afterAll(() => {
  for (const remote of idle) remote.kill('SIGKILL');
});

/** Stores on the same file in other processes, which have not touched it yet. */
const onSameFile = (count: number): Promise<RemoteStore[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const remote = idle.pop() ?? new RemoteStore();
      remotes.push(remote);
      await remote.call('reopen', path);
      return remote;
    }),
  );

/** Another process that holds the run `r`. */
async function holder(lease: number): Promise<RemoteStore> {
  const [other] = (await onSameFile(1)) as [RemoteStore];
  await other.call('lease', 'other', lease);
  expect(await other.call('commit', [creation('r', { owner: 'other' })])).toEqual([{ status: 'committed' }]);
  return other;
}

test('a run that another process holds names that process and the end of its lease', async () => {
  const other = await holder(minute);
  await store.lease('me', minute);
  const held = await store.acquire('r', 'me');
  expect(held).toMatchObject({ status: 'held', by: `process ${other.process.pid} on ${hostname()}` });
  expect(await statuses(store, turn('r', 2, { owner: 'me' }))).toEqual(['fenced']);
});

test('a run that another process releases can be taken at once', async () => {
  const other = await holder(minute);
  await other.call('lease', 'other', 0);
  await store.lease('me', minute);
  expect(await store.acquire('r', 'me')).toEqual({ status: 'acquired', fence: 2 });
});

describe.runIf(thisHolder().proc !== undefined)('where /proc tells', () => {
  test('a run whose process was killed can be taken at once, with all that was acknowledged', async () => {
    const other = await holder(minute);
    await other.call('commit', [turn('r', 2, { owner: 'other' })]);
    await store.lease('me', minute);
    expect((await store.acquire('r', 'me')).status).toBe('held');
    other.kill('SIGKILL');
    // The signal is on its way when kill() returns; no lease is waited for.
    await expect
      .poll(async () => (await store.acquire('r', 'me')).status, { timeout: 5000 })
      .toBe('acquired');
    expect(await loaded(store, 'r')).toEqual([1, 2]);
  });

  test('what is left of processes that were killed is cleared away by the next one', async () => {
    const other = await holder(1);
    other.kill('SIGKILL');
    await once(other.process, 'exit');
    await store.lease('me', minute);
    const file = new Database(path, { readonly: true });
    expect(file.prepare('SELECT id FROM owners').pluck().all()).toEqual(['me']);
    file.close();
  });
});

test('a process that was stopped past its lease loses the run, and commits nothing when it wakes', async () => {
  const other = await holder(1000);
  await store.lease('me', minute);
  other.kill('SIGSTOP');
  expect((await store.acquire('r', 'me')).status).toBe('held');
  await expect
    .poll(async () => (await store.acquire('r', 'me')).status, { timeout: 5000, interval: 100 })
    .toBe('acquired');
  await commit(store, turn('r', 2, { owner: 'me', fence: 2 }));
  other.kill('SIGCONT');
  await other.call('lease', 'other', minute);
  expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'fenced' }]);
  expect(await other.call('commit', [turn('r', 3, { owner: 'other', put: [] })])).toEqual([
    { status: 'fenced' },
  ]);
  expect(await other.call<Acquired>('acquire', 'r', 'other')).toMatchObject({ status: 'held' });
  expect(await loaded(store, 'r')).toEqual([1, 2]);
});

test('a process that was stopped past its lease goes on where nobody came', async () => {
  const other = await holder(100);
  other.kill('SIGSTOP');
  await sleep(300);
  other.kill('SIGCONT');
  expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'committed' }]);
});

test('many processes may open a new file at the same instant', async () => {
  const others = await onSameFile(4);
  for (let round = 0; round < 6; round++) {
    const file = join(folder, `${round}.db`);
    await Promise.all(others.map((other) => other.call('reopen', file)));
    await Promise.all(others.map((other, i) => other.call('lease', `owner-${i}`, minute)));
    const outcomes = await Promise.all(
      others.map((other, i) => other.call<Outcome[]>('commit', [creation(`r${i}`, { owner: `owner-${i}` })])),
    );
    expect(outcomes.flat().map((outcome) => outcome.status)).toEqual(others.map(() => 'committed'));
  }
});

test('processes that write different runs of one file do not disturb each other', async () => {
  const others = await onSameFile(3);
  const last = 100;
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
});

test('a process that deletes a run under another one leaves that one fenced, not in another’s rows', async () => {
  const other = await holder(100);
  await store.lease('me', minute);
  await expect.poll(async () => (await store.acquire('r', 'me')).status).toBe('acquired');
  await commit(store, removal('r', { owner: 'me', fence: 2, remove: 1 }));
  await sleep(10);
  await commit(store, creation('s', { owner: 'me' }), creation('r', { owner: 'me' }));
  expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'fenced' }]);
  expect(await loaded(store, 'r')).toEqual([1]);
  expect(await loaded(store, 's')).toEqual([1]);
});

describe('while a process is stopped inside a transaction', () => {
  let other: RemoteStore;
  /** How often a timer of this process ticked. */
  let ticks: number;
  let timer: NodeJS.Timeout;

  beforeEach(async () => {
    await store.lease('me', minute);
    await commit(store, creation('r', { owner: 'me' }), creation('s', { owner: 'me' }));
    [other] = (await onSameFile(1)) as [RemoteStore];
    await other.call('sit', path);
    other.kill('SIGSTOP');
    ticks = 0;
    timer = setInterval(() => ticks++, 5);
  });

  afterEach(() => clearInterval(timer));

  test('calls wait, timers tick on, and the calls go well when it is gone', async () => {
    const calls = [
      store.lease('me', minute),
      store.lease('new', minute),
      store.acquire('r', 'me'),
      store.enqueue('r', { id: 'm', value: '' }),
    ];
    for (const call of calls) expect(call).toBeInstanceOf(Promise);
    await sleep(300);
    expect(ticks).toBeGreaterThan(20);
    other.kill('SIGKILL');
    expect(await Promise.all(calls.map(async (call) => call))).toEqual([
      undefined,
      undefined,
      { status: 'acquired', fence: 2 },
      { status: 'queued' },
    ]);
  });

  test('what is committed can be read at once', async () => {
    expect(await loaded(store, 'r')).toEqual([1]);
    expect(await store.rows('r', 'inbox', {})).toEqual([]);
    expect(await store.questions({ limit: 1 })).toEqual([]);
  });

  test('a call gives up after a while, and the next one may go well', async () => {
    const late = sleep(2000).then(() => store.acquire('r', 'me'));
    await expect(store.acquire('r', 'me')).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      message: expect.stringMatching(/another process was writing .* try again/),
    });
    expect(ticks).toBeGreaterThan(200);
    // Who came later waits on.
    other.kill('SIGKILL');
    expect(await late).toEqual({ status: 'acquired', fence: 2 });
  }, 10_000);

  test('a call that waits fails when the store is closed', async () => {
    const call = store.acquire('r', 'me');
    await store.close();
    await expect(call).rejects.toThrow('is closed');
  });
});

test('calls of one job share a transaction, and one that fails leaves the others as they are', async () => {
  await store.lease(owner, minute);
  await commit(store, creation('r'));
  const answers = await Promise.allSettled([
    store.enqueue('r', { id: 'm', value: 'first' }),
    store.acquire('r', 'nobody'),
    store.enqueue('r', { id: 'm', value: 'second' }),
    store.lease('you', minute),
    store.acquire('nowhere', 'you'),
  ]);
  expect(answers).toEqual([
    { status: 'fulfilled', value: { status: 'queued' } },
    { status: 'rejected', reason: expect.objectContaining({ code: 'STORE' }) },
    { status: 'fulfilled', value: { status: 'known', value: 'first' } },
    { status: 'fulfilled', value: undefined },
    { status: 'fulfilled', value: { status: 'missing' } },
  ]);
  expect(await store.rows('r', 'inbox', {})).toEqual([{ key: 'm', value: 'first' }]);
});
