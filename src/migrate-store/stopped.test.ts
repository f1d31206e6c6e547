/** Migrations that fail or are killed in the middle, and are called again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { sqliteStore } from '../../adapters/sqlite/index.ts';
import { overriding } from '../../test/support/staged-store.ts';
import { temporaryFile, temporarySqlite } from '../../test/support/stores.ts';
import { MachineNotRegisteredError, StoreError } from '../errors.ts';
import { createRuntime } from '../runtime.ts';
import type { RunCommit, RunStatus, Store } from '../store.ts';
import { migrateStore } from './migrate-store.ts';

const owner = 'owner';

const creation = (run: string, length: number): RunCommit => ({
  run,
  owner,
  fence: 1,
  create: true,
  expect: 0,
  head: { machine: 'm', status: 'idle', createdAt: 1, tags: ['t'], more: '{"starter":"s"}' },
  checkpoints: Array.from({ length }, (_, at) => ({
    seq: at + 1,
    base: at % 10 === 0,
    time: at,
    header: `header ${at}`,
    body: `body ${at}`,
  })),
  put: Array.from({ length }, (_, at) => ({ kind: 'step', key: `k${at}`, value: `${at}` })),
  ask: [{ id: `${run}/q`, machine: 'm', tags: [], opened: 1, value: 'q' }],
});

async function fill(store: Store, count: number, length: number): Promise<void> {
  await store.lease(owner, 60_000);
  for (let at = 0; at < count; at++) {
    expect(await store.commit([creation(`r-${at}`, length)])).toEqual([{ status: 'committed' }]);
    await store.enqueue(`r-${at}`, { id: 'm', value: 'm' });
  }
  await store.lease(owner, 0);
}

async function contents(store: Store, run: string): Promise<unknown> {
  const [stored] = await store.runs({ run, limit: 1 });
  const { fence: _, ...head } = stored ?? { fence: 0 };
  const history = await store.history(run, { limit: 1e6 });
  const bases = history.filter(({ base }, at) => base && at > 0);
  const ends = [...bases.map(({ seq }) => seq - 1), history.at(-1)?.seq];
  return {
    head,
    checkpoints: (await Promise.all(ends.map(async (seq) => store.load(run, seq)))).flat(),
    steps: await store.rows(run, 'step', {}),
    messages: await store.rows(run, 'inbox', {}),
    questions: await store.questions({ run, limit: 9 }),
  };
}

/** What is in the other store is the same as here, or says that it is half a copy. */
async function statesOf(from: Store, to: Store): Promise<RunStatus[]> {
  const runs = await to.runs({ limit: 1e6 });
  for (const { run, status, machine } of runs) {
    if (machine === 'savepoint.halfCopy') expect(status).toBe('quarantined');
    else expect(await contents(to, run)).toEqual(await contents(from, run));
  }
  return runs.map(({ status }) => status);
}

it('that fails at whatever call leaves each run whole or in quarantine, and makes it whole when it is called again', async () => {
  for (const side of ['from', 'to'] as const) {
    for (let calls = 1, hasFailed = true; hasFailed; calls++) {
      const stores = { from: memoryStore(), to: memoryStore() };
      await fill(stores.from, 2, 3);
      let left = calls;
      const failing = <T>(call: () => T): T => {
        if (left-- === 1) throw new StoreError('The connection is gone.', 'unknown');
        return call();
      };
      const store = stores[side];
      const broken = overriding(store, {
        lease: (by, ms) => (ms === 0 ? store.lease(by, ms) : failing(() => store.lease(by, ms))),
        acquire: (run, by) => failing(() => store.acquire(run, by)),
        commit: (batch) => failing(() => store.commit(batch)),
        load: (run, at) => failing(() => store.load(run, at)),
        enqueue: (run, message) => failing(() => store.enqueue(run, message)),
        rows: (run, kind, scan) => failing(() => store.rows(run, kind, scan)),
        questions: (scan) => failing(() => store.questions(scan)),
        runs: (scan) => failing(() => store.runs(scan)),
        history: (run, scan) => failing(() => store.history(run, scan)),
      });
      const { from, to } = side === 'from' ? { ...stores, from: broken } : { ...stores, to: broken };
      hasFailed = await migrateStore(from, to).then(
        () => false,
        () => true,
      );
      await statesOf(stores.from, stores.to);
      const { runs, skipped } = await migrateStore(stores.from, stores.to);
      expect(runs + skipped).toBe(2);
      expect(await statesOf(stores.from, stores.to)).toEqual(['idle', 'idle']);
      if (!hasFailed) expect(calls).toBeGreaterThan(15);
    }
  }
});

it('leaves half a copy that cannot be opened, and whose list says why', async () => {
  const from = memoryStore();
  await fill(from, 1, 3);
  const to = memoryStore();
  const broken = overriding(to, {
    enqueue: () => {
      throw new StoreError('The connection is gone.', 'unknown');
    },
  });
  await expect(migrateStore(from, broken)).rejects.toThrow('The connection is gone.');
  const runtime = createRuntime({ store: to, logger: () => {} });
  expect(await runtime.get('r-0')).toMatchObject({
    status: 'quarantined',
    error: { name: 'HalfCopyError', message: expect.stringContaining('migrateStore()') },
  });
  await expect(runtime.open('r-0')).rejects.toBeInstanceOf(MachineNotRegisteredError);
  expect(await runtime.recover()).toEqual({ opened: [], quarantined: [], failed: [] });
  await expect(runtime.retry('r-0')).rejects.toThrow();
  await runtime.close();
  await expect(migrateStore(to, memoryStore())).rejects.toThrow(/'r-0' is half a copy/);
  await migrateStore(from, to);
  expect(await statesOf(from, to)).toEqual(['idle']);
});

/** Migrates from one file to another, and tells of each report. */
const program = `
  import { migrateStore } from ${JSON.stringify(fileURLToPath(new URL('./migrate-store.ts', import.meta.url)))};
  import { sqliteStore } from ${JSON.stringify(fileURLToPath(new URL('../../adapters/sqlite/index.ts', import.meta.url)))};
  const [from, to] = process.argv.slice(1).map((path) => sqliteStore(path, { synchronous: 'normal' }));
  const slow = { ...from };
  for (const name of ['lease', 'acquire', 'load', 'enqueue', 'rows', 'questions', 'runs', 'history'])
    slow[name] = (...args) => from[name](...args);
  // A line for each run that is let go of, so that it can be killed there.
  slow.commit = (batch) => (console.log(batch[0].run), from.commit(batch));
  await migrateStore(slow, to);
  console.log('over');
`;

it('that is killed again and again comes to its end, and the last copy is equal', async () => {
  const paths = [temporaryFile('from.db'), temporaryFile('to.db')] as const;
  const from = temporarySqlite(paths[0]);
  const to = temporarySqlite(paths[1]);
  await fill(from, 40, 40);
  let isOver = false;
  let kills = 0;
  for (let after = 5; !isOver; after += 12) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program, ...paths],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const over = once(child, 'exit');
    let steps = 0;
    for await (const line of createInterface(child.stdout)) {
      isOver ||= line === 'over';
      if (++steps === after) child.kill('SIGKILL');
    }
    const [, signal] = (await over) as [number, string | null];
    if (signal === 'SIGKILL') kills++;
    else expect(isOver).toBe(true);
    const states = await statesOf(from, to);
    expect(states.length).toBeGreaterThan(0);
  }
  expect(kills).toBeGreaterThan(2);
  const { runs, skipped } = await migrateStore(from, sqliteStore(paths[1]));
  expect([runs, skipped]).toEqual([0, 40]);
  expect(await statesOf(from, to)).toEqual(Array.from({ length: 40 }, () => 'idle'));
}, 60_000);
