import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Acquired, Outcome, Store } from '../../src/store.ts';
import { bundle, unbundle } from '../../test/proof/bundle.ts';
import { WorkerProcess } from '../../test/proof/worker-process.ts';
import { commit, creation, keysOf, loaded, minute, runIds, statuses, turn } from '../conformance/fixtures.ts';
import { thisHolder } from '../node/holder.ts';
import { fileStore } from './index.ts';

interface Order {
  readonly id: number;
  readonly method: keyof Store | 'reopen' | 'work';
  readonly args: readonly unknown[];
}
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** A store in another process. */
class RemoteStore extends WorkerProcess<Order, Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  constructor() {
    super(program);
    this.onAnswer = (answer) => this.#waiting.get(answer.id)?.(answer);
  }

  async call<T>(method: Order['method'], ...args: unknown[]): Promise<T> {
    await this.loaded;
    const id = this.#calls++;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.tell({ id, method, args });
    const answer = await answered;
    if ('error' in answer) throw new Error(answer.error);
    return answer.value as T;
  }
}

let program: string;
let folder: string;
let store: Store;
let remotes: RemoteStore[];

beforeAll(async () => {
  program = await bundle(new URL('remote-store.mjs', import.meta.url));
});
afterAll(() => unbundle(program));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'savepoint-'));
  store = fileStore(join(folder, 'store'));
  remotes = [];
});

afterEach(async () => {
  await Promise.all(remotes.map((remote) => remote.kill()));
  await store.close();
  rmSync(folder, { recursive: true });
});

/** A store on the same folder in another process. */
async function another(): Promise<RemoteStore> {
  const remote = new RemoteStore();
  remotes.push(remote);
  await remote.call('reopen', join(folder, 'store'));
  return remote;
}

/** Another process that holds the run `r`. */
async function holder(lease: number): Promise<RemoteStore> {
  const other = await another();
  await other.call('lease', 'other', lease);
  expect(await other.call('commit', [creation('r', { owner: 'other' })])).toEqual([{ status: 'committed' }]);
  return other;
}

test('a run that another process holds names that process and the end of its lease', async () => {
  const other = await holder(minute);
  await store.lease('me', minute);
  const held = await store.acquire('r', 'me');
  expect(held).toMatchObject({ status: 'held', by: `process ${other.pid} on ${hostname()}` });
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
    await other.kill();
    expect(await runIds(store, { free: true })).toEqual(['r']);
    expect(await store.acquire('r', 'me')).toEqual({ status: 'acquired', fence: 2 });
    expect(await loaded(store, 'r')).toEqual([1, 2]);
  });

  test('what is left of processes that were killed is cleared away by the next one', async () => {
    const other = await holder(minute);
    await other.kill();
    await store.lease('me', minute);
    expect(readdirSync(join(folder, 'store', 'owners'))).toEqual(['me.json']);
  });
});

test('a process that was stopped past its lease loses the run, and commits nothing when it wakes', async () => {
  const other = await holder(1000);
  await store.lease('me', minute);
  other.signal('SIGSTOP');
  expect((await store.acquire('r', 'me')).status).toBe('held');
  await expect
    .poll(async () => (await store.acquire('r', 'me')).status, { timeout: 5000, interval: 100 })
    .toBe('acquired');
  await commit(store, turn('r', 2, { owner: 'me', fence: 2 }));
  // What it was told while it was stopped it does when it wakes.
  const late = other.call<Outcome[]>('commit', [turn('r', 2, { owner: 'other' })]);
  other.signal('SIGCONT');
  expect(await late).toEqual([{ status: 'fenced' }]);
  await other.call('lease', 'other', minute);
  expect(await other.call('commit', [turn('r', 3, { owner: 'other' })])).toEqual([{ status: 'fenced' }]);
  expect(await other.call<Acquired>('acquire', 'r', 'other')).toMatchObject({ status: 'held' });
  expect(await loaded(store, 'r')).toEqual([1, 2]);
});

test('a process that was stopped past its lease goes on where nobody came', async () => {
  const other = await holder(100);
  other.signal('SIGSTOP');
  await sleep(300);
  other.signal('SIGCONT');
  expect(await other.call('commit', [turn('r', 2, { owner: 'other' })])).toEqual([{ status: 'committed' }]);
});

test('many processes may make one folder at the same instant', async () => {
  const others = await Promise.all([another(), another(), another(), another()]);
  for (let round = 0; round < 10; round++) {
    const path = join(folder, `store-${round}`);
    await Promise.all(others.map((other) => other.call('reopen', path)));
    await Promise.all(others.map((other, i) => other.call('lease', `owner-${i}`, minute)));
    const outcomes = await Promise.all(
      others.map((other, i) =>
        other.call<Outcome[]>('commit', [
          creation(`r${i}`, { owner: `owner-${i}` }),
          creation('same', { owner: `owner-${i}` }),
        ]),
      ),
    );
    expect(outcomes.map(([own]) => own!.status)).toEqual(others.map(() => 'committed'));
    expect(outcomes.map(([, same]) => same!.status).sort()).toEqual([
      'committed',
      'exists',
      'exists',
      'exists',
    ]);
  }
});

test('processes that write to one run all get their turn', async () => {
  const others = await Promise.all([another(), another(), another()]);
  await store.lease('me', minute);
  await commit(store, creation('r', { owner: 'me' }));
  const writing = others.map(async (other, i) => {
    for (let n = 0; n < 50; n++) {
      expect(await other.call('enqueue', 'r', { id: `${i}.${n}`, value: '' })).toEqual({ status: 'queued' });
    }
  });
  for (let seq = 2; seq <= 50; seq++) await commit(store, turn('r', seq, { owner: 'me' }));
  await Promise.all(writing);
  expect(await loaded(store, 'r')).toHaveLength(50);
  const messages = await keysOf(store, 'r', 'inbox');
  for (const i of others.keys()) {
    const own = messages.filter((id) => id.startsWith(`${i}.`));
    expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${i}.${n}`));
  }
});

/** What one round of killing and stopping has left is as the ledger says. */
async function check(ledger: string): Promise<{ commits: number; messages: number }> {
  const lines = readFileSync(ledger, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  expect(lines.filter(([kind]) => kind === 'fault')).toEqual([]);
  const acknowledged = lines.filter(([kind]) => kind === 'commit');
  expect(new Set(acknowledged.map(([, run, seq]) => `${run} ${seq}`)).size).toBe(acknowledged.length);
  for (let i = 0; i < 10; i++) {
    const run = `run-${i}`;
    const tokens = new Map<number, string>();
    const history = await store.history(run, { limit: 1e6 });
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, n) => n + 1));
    for (let at = history.length; at > 0;) {
      const rows = await store.load(run, at);
      for (const { seq, body } of rows) tokens.set(seq, (JSON.parse(body) as { token: string }).token);
      at = rows[0]!.seq - 1;
    }
    for (const [, of, seq, token] of acknowledged)
      if (of === run) expect(tokens.get(Number(seq))).toBe(token);
    // All of a commit, or nothing.
    const events = new Map((await store.rows(run, 'event', {})).map(({ key, value }) => [key, value]));
    expect(events.size).toBe(2 * (history.length - 1));
    for (const [seq, token] of tokens) {
      if (seq > 1) expect([events.get(`first ${seq}`), events.get(`last ${seq}`)]).toEqual([token, token]);
    }
    const waiting = new Set(await keysOf(store, run, 'inbox'));
    const taken = new Set(await keysOf(store, run, 'answer'));
    for (const [kind, of, id] of lines) {
      if (kind === 'message' && of === run)
        expect([waiting.has(id!), taken.has(id!)].filter(Boolean)).toHaveLength(1);
    }
  }
  return { commits: acknowledged.length, messages: lines.filter(([kind]) => kind === 'message').length };
}

test('processes that are killed and stopped at any instant lose nothing and leave nothing half done', async () => {
  const events = 200;
  const lease = 400;
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');
  await store.lease('first', minute);
  const first = {
    owner: 'first',
    checkpoints: [{ seq: 1, base: true, time: 1, header: '{}', body: '{"token":""}' }],
  };
  await commit(
    store,
    ...Array.from({ length: 10 }, (_, i) => creation(`run-${i}`, { ...first, release: true })),
  );
  let started = 0;
  const start = async (): Promise<RemoteStore> => {
    const remote = new RemoteStore();
    remotes.push(remote);
    await remote.loaded;
    void remote.call('work', join(folder, 'store'), ledger, `p${started++}`, lease).catch(() => {});
    return remote;
  };
  const working = await Promise.all([start(), start(), start()]);
  let spare = start();
  for (let i = 0; i < events; i++) {
    await sleep(20 + Math.random() * 100);
    const at = i % working.length;
    if (i % 4 === 3) {
      const stopped = working[at]!;
      stopped.signal('SIGSTOP');
      await sleep(lease * 1.5);
      stopped.signal('SIGCONT');
    } else {
      await working[at]!.kill();
      working[at] = await spare;
      spare = start();
    }
    if (i % 40 === 0) await store.runs({ limit: 10 });
  }
  await Promise.all([...working, await spare].map((one) => one.kill()));
  const { commits, messages } = await check(ledger);
  expect(commits).toBeGreaterThan(events);
  expect(messages).toBeGreaterThan(events);
  // Another store reads the same from the files alone.
  const before = await store.runs({ limit: 99 });
  await store.close();
  store = fileStore(join(folder, 'store'));
  expect(await store.runs({ limit: 99 })).toEqual(before);
}, 600_000);
