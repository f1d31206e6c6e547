/** Paused runs, and all else that a runtime does: workers, recovery, deletion, pruning, following, links, quarantine. */
import { fromPromise, setup, SimulatedClock } from 'xstate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { counter } from '../../test/support/counter.ts';
import { mortalStore, overriding, refuses, stagedStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import {
  createRuntime,
  createWorker,
  inputRequest,
  signInput,
  verifyInput,
  type RuntimeOptions,
  type Store,
} from '../index.ts';
import type { RunScan, StoredRun } from '../store.ts';

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({
    store,
    machines: [counter, asking],
    logger: () => {},
    ...options,
    limits: { poll: 10, lease: 300, ...options.limits },
  });
const patient = { timeout: 10_000 };
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks one thing, until a deadline where it has one. */
const asking = setup({ actors: { approval: inputRequest() } }).createMachine({
  id: 'asking',
  initial: 'open',
  states: {
    open: {
      invoke: {
        src: 'approval',
        id: 'approval',
        input: { prompt: 'Approve?', deadline: 5000 },
        onDone: 'yes',
        onError: 'late',
      },
    },
    yes: {},
    late: {},
  },
});

/** Notes which runs were listed, read or taken of those that a test asks about. */
function watched(store: Store) {
  const touched: string[] = [];
  const watching = overriding(store, {
    acquire: (run, owner) => {
      touched.push(`acquire ${run}`);
      return store.acquire(run, owner);
    },
    load: (run, at) => {
      touched.push(`load ${run}`);
      return store.load(run, at);
    },
    rows: (run, kind, scan) => {
      touched.push(`rows ${run}`);
      return store.rows(run, kind, scan);
    },
    runs: async (scan: RunScan) => {
      const found = await store.runs(scan);
      touched.push(...found.map(({ run }: StoredRun) => `list ${run}`));
      return found;
    },
  });
  return { watching, touched };
}

function clockAt(start: number): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(start);
  return clock;
}

describe.each(stores)('a paused run on %s', (_, make) => {
  it('is nothing for a worker or recover(): neither looks at it, though messages wait and a delay is due', async () => {
    const store = make();
    const clock = clockAt(0);
    const desk = runtimeOn(store, { clock });
    for (const id of ['held', 'cut off']) await desk.start(counter, { id });
    await desk.send('held', { type: 'sleep' });
    await desk.send('cut off', { type: 'work' });
    for (const id of ['held', 'cut off']) {
      await desk.pause(id);
      await desk.send(id, { type: 'add' });
    }
    await desk.close({ grace: 0 });
    clock.set(4_000_000);
    const { watching, touched } = watched(store);
    const runtime = runtimeOn(watching, { clock });
    expect(await runtime.recover()).toEqual({ opened: [], quarantined: [], failed: [] });
    const worker = createWorker({ runtime });
    onTestFinished(() => worker.stop());
    await worker.started;
    await runtime.start(counter, { id: 'other' });
    await later(100);
    expect(touched.filter((what) => !what.endsWith('other'))).toEqual([]);
    const other = runtimeOn(store, { clock, machines: [] });
    await other.resume('held');
    await expect.poll(async () => (await other.get('held')).seq, patient).toBeGreaterThan(2);
    await expect.poll(async () => (await other.get('held')).status, patient).toBe('idle');
    expect((await other.get('cut off')).status).toBe('paused');
  });

  it('that a worker has in hand stops there, and goes on there', async () => {
    const store = make();
    let began = 0;
    const ends: (() => void)[] = [];
    const machine = setup({
      actors: { work: fromPromise(() => new Promise<void>((resolve) => ends.push(resolve) && began++)) },
    }).createMachine({
      id: 'twice',
      initial: 'one',
      states: {
        one: { invoke: { src: 'work', onDone: 'two' } },
        two: { invoke: { src: 'work', onDone: 'over' } },
        over: {},
      },
    });
    const desk = runtimeOn(store);
    const worker = createWorker({ runtime: runtimeOn(store, { machines: [machine] }) });
    onTestFinished(() => worker.stop({ grace: 0 }));
    await (await desk.start(machine, { id: 'r' })).release();
    await expect.poll(() => ends.length, patient).toBe(2);
    await desk.pause('r');
    ends[1]!();
    await later(60);
    expect(began).toBe(2);
    expect(await desk.get('r')).toMatchObject({ status: 'paused', seq: 1 });
    await desk.resume('r');
    await expect.poll(() => began, patient).toBe(3);
    ends[2]!();
    await expect.poll(async () => (await desk.get('r')).status, patient).toBe('idle');
  });

  it('can be deleted, with what waits for it', async () => {
    const store = make();
    const runtime = runtimeOn(store);
    const run = await runtime.start(counter, { id: 'r' });
    await runtime.pause('r');
    await run.send({ type: 'add' });
    await runtime.delete('r');
    await expect(runtime.resume('r')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(run.send({ type: 'add' })).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    expect(await store.rows('r', 'inbox', {})).toEqual([]);
    await (await runtime.start(counter, { id: 's' })).release();
    await runtime.pause('s');
    await runtime.delete('s');
    await expect(runtime.get('s')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it.each(['open', 'released'])(
    'is never deleted by prune() while it is %s; its history may be cut',
    async (how) => {
      const store = make();
      const runtime = runtimeOn(store);
      const run = await runtime.start(counter, { id: 'r' });
      for (let n = 0; n < 20; n++) await run.send({ type: 'keep', value: `${n}`.repeat(2000) });
      await runtime.pause('r');
      await run.send({ type: 'add' });
      if (how === 'released') await run.release();
      const report = await runtime.prune({ finished: { olderThan: 0 }, history: { keepLast: 1 } });
      expect(report.runs).toEqual([]);
      expect(report.checkpoints).toBeGreaterThan(1);
      expect((await runtime.get('r')).status).toBe('paused');
      await runtime.resume('r');
      const again = await runtime.open(counter, 'r');
      expect(again.getSnapshot()).toMatchObject({ context: { count: 1 } });
    },
  );

  it('is seen as paused by who follows it, and is seen to go on', async () => {
    const store = make();
    const runtime = runtimeOn(store);
    const run = await runtime.start(counter, { id: 'r' });
    await runtime.pause('r');
    await run.send({ type: 'add' });
    const follower = await runtimeOn(store).follow(counter, 'r');
    expect(follower.status).toBe('paused');
    await runtime.resume('r');
    await expect.poll(() => follower.getSnapshot().context.count, patient).toBe(1);
    expect(follower.status).toBe('idle');
    await runtime.pause('r');
    await expect.poll(() => follower.status, patient).toBe('paused');
    follower.stop();
  });

  it('keeps the answer of a link; the second click changes nothing', async () => {
    const store = make();
    const key = 'the secret of an invented shop, long enough';
    const clock = clockAt(0);
    const runtime = runtimeOn(store, { clock });
    const run = await runtime.start(asking, { id: 'r' });
    const token = await signInput('r/approval', { key, expires: Date.now() + 60_000 });
    await runtime.pause('r');
    expect(run.pendingInputs).toHaveLength(1);
    // Another process takes the clicks.
    const web = runtimeOn(store, { clock, machines: [] });
    const click = async () => {
      const { input } = await verifyInput(token, { key });
      return web.answer(input, { approved: true }, { id: 'click', by: 'ann' });
    };
    expect(await click()).toEqual({ delivered: false });
    expect(await click()).toEqual({ delivered: false });
    expect(run.getSnapshot().value).toBe('open');
    await runtime.resume('r');
    expect(run.getSnapshot().value).toBe('yes');
    expect(await runtime.recordOf('r/approval')).toMatchObject({ status: 'answered', by: 'ann' });
    expect(await store.rows('r', 'inbox', {})).toEqual([]);
  });

  it('lets the deadline of a question pass, and the question fails when it goes on', async () => {
    const clock = clockAt(0);
    const runtime = runtimeOn(make(), { clock });
    const run = await runtime.start(asking, { id: 'r' });
    await runtime.pause('r');
    clock.set(6000);
    await later(20);
    expect(run.getSnapshot().value).toBe('open');
    expect(await runtime.get('r')).toMatchObject({ status: 'paused', due: undefined });
    await runtime.resume('r');
    await expect.poll(() => run.getSnapshot().value, patient).toBe('late');
    expect(await runtime.recordOf('r/approval')).toMatchObject({ status: 'expired' });
  });

  it('is not put into quarantine, however often its process dies; nor is one in quarantine paused', async () => {
    const store = make();
    const limits = { lease: 30, recoveries: 2 };
    const first = runtimeOn(store, { limits });
    await (await first.start(counter, { id: 'r' })).send({ type: 'work' });
    await first.pause('r');
    await first.close({ grace: 0 });
    for (let n = 0; n < 4; n++) {
      const mortal = mortalStore(store);
      const run = await runtimeOn(mortal, { limits }).open('r', { wait: 5000 });
      expect(run.status).toBe('paused');
      mortal.die();
    }
    const last = runtimeOn(store, { limits: { lease: 5000 } });
    await last.open('r', { wait: 5000 });
    await last.resume('r');
    expect((await last.get('r')).status).toBe('running');
    await last.close({ grace: 0 });
    const staged = stagedStore(store);
    const poor = runtimeOn(staged);
    const run = await poor.start(counter, { id: 'poor' });
    staged.next(refuses);
    run.actor.send({ type: 'add' });
    await expect.poll(async () => (await poor.get('poor')).status, patient).toBe('quarantined');
    await expect(poor.pause('poor')).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await poor.resume('poor');
    expect((await poor.get('poor')).status).toBe('quarantined');
    await poor.retry('poor');
    await poor.pause('poor');
    expect((await poor.get('poor')).status).toBe('paused');
  });

  it.each(['nobody', 'this process', 'another process'])(
    'that was told to go on, and is paused again before %s did that, is paused',
    async (who) => {
      const store = make();
      const desk = runtimeOn(store, { machines: [] });
      await (await runtimeOn(store).start(counter, { id: 'r' })).release();
      await desk.pause('r', { by: 'ann' });
      await desk.resume('r');
      await desk.send('r', { type: 'add' });
      const holder = runtimeOn(store, { limits: { poll: who === 'this process' ? 100_000 : 10 } });
      if (who !== 'nobody') await holder.open('r');
      await (who === 'this process' ? holder : desk).pause('r', { by: 'ben' });
      const { seq, paused } = await desk.get('r');
      if (who === 'nobody') expect(seq).toBe(1);
      expect(paused).toMatchObject({ by: 'ben' });
      await holder.open('r', { wait: 1000 });
      await later(50);
      expect(await desk.get('r')).toMatchObject({ status: 'paused', seq });
      expect(await store.rows('r', 'inbox', { prefix: 'c ' })).toEqual([]);
    },
  );

  it('that was told to end does so, though it is paused before', async () => {
    const store = make();
    const desk = runtimeOn(store, { machines: [] });
    await (await runtimeOn(store).start(counter, { id: 'r' })).release();
    await desk.cancel('r');
    await desk.pause('r');
    await runtimeOn(store).recover();
    await expect.poll(async () => (await desk.get('r')).status, patient).toBe('cancelled');
  });

  it.each(['async', 'exit'] as const)(
    'of durability %s has all stored that came before it',
    async (durability) => {
      const store = make();
      const mortal = mortalStore(store);
      const run = await runtimeOn(mortal, { limits: { lease: 50 } }).start(counter, { id: 'r', durability });
      await run.send({ type: 'work' });
      for (let n = 0; n < 5; n++) await run.send({ type: 'add' });
      const desk = runtimeOn(store, { machines: [] });
      await desk.pause('r');
      await run.send({ type: 'add', by: 10 });
      mortal.die();
      expect(await desk.get('r')).toMatchObject({ status: 'paused', seq: 7 });
      const next = runtimeOn(store);
      const again = await next.open(counter, 'r', { wait: 5000 });
      expect(again.getSnapshot()).toMatchObject({ context: { count: 5 } });
      await next.resume('r');
      expect(again.getSnapshot()).toMatchObject({ context: { count: 15 } });
    },
  );
});

it('a pause that comes while another process goes on, as it was told before, is a pause all the same', async () => {
  const behind = memoryStore();
  let hears = false;
  const deaf = overriding(behind, {
    runs: (scan) => (scan.undelivered && !hears ? [] : behind.runs(scan)),
  });
  const holder = createRuntime({ store: deaf, machines: [counter], limits: { poll: 5 } });
  const run = await holder.start(counter, { id: 'r' });
  await holder.pause('r');
  const outside = createRuntime({ store: behind, limits: { poll: 5 } });
  const resumed = outside.resume('r');
  const isWaiting = async () => (await behind.rows('r', 'inbox', {})).length > 0;
  await expect.poll(isWaiting).toBe(true);
  // The holder hears of it just before it is looked for.
  const late = overriding(behind, {
    rows: async (of, kind, scan) => {
      if (kind === 'inbox' && !hears) {
        hears = true;
        await resumed;
      }
      return behind.rows(of, kind, scan);
    },
  });
  await createRuntime({ store: late, limits: { poll: 5 } }).pause('r', { by: 'ann@example.com' });
  expect((await outside.get('r')).paused).toMatchObject({ by: 'ann@example.com' });
  expect(run.status).toBe('paused');
  await holder.close();
});
