import { assign, fromPromise, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { timersOf } from '../../test/support/effect-life.ts';
import { mortalStore, overriding, refuses, stagedStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  fromDurable,
  createRuntime,
  inputRequest,
  RunClosedError,
  type Runtime,
  type RuntimeOptions,
  type Store,
} from '../index.ts';

const quiet: Partial<RuntimeOptions> = { logger: () => {} };
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const working = (work: () => Promise<unknown>) =>
  setup({
    types: typed<{ context: { output: unknown } }>(),
    actors: { work: fromPromise(work), ask: inputRequest() },
  }).createMachine({
    id: 'working',
    context: { output: undefined },
    initial: 'working',
    states: {
      working: {
        invoke: {
          src: 'work',
          id: 'work',
          onDone: { target: 'over', actions: assign({ output: ({ event }) => event.output }) },
        },
        on: { skip: 'over' },
      },
      over: {},
    },
  });
const ending = setup({ types: typed<{ events: { type: 'end' } }>() }).createMachine({
  id: 'ending',
  initial: 'open',
  states: { open: { on: { end: 'over' } }, over: { type: 'final' } },
});
const never = (): Promise<unknown> => new Promise(() => {});

/** Starts runs in a runtime that dies. */
async function abandoned(behind: Store, ids: readonly string[]): Promise<void> {
  const store = mortalStore(behind);
  const runtime = createRuntime({ store, ...quiet, limits: { lease: 20 } });
  for (const id of ids) await runtime.start(working(never), { id });
  store.die();
  await later(30);
}

describe.each(stores)('recover() on %s', (_, make) => {
  it('opens what a dead process left running, a few at a time, and lets go of it at rest', async () => {
    const store = make();
    const ids = Array.from({ length: 12 }, (_unused, i) => `r${String(i).padStart(2, '0')}`);
    await abandoned(store, ids);
    let atOnce = 0;
    let most = 0;
    const machine = working(async () => {
      most = Math.max(most, ++atOnce);
      await later(5);
      atOnce--;
      return 'done';
    });
    const runtime = createRuntime({ store, machines: [machine], ...quiet });
    const report = await runtime.recover({ concurrency: 3 });
    expect([...report.opened].toSorted()).toEqual(ids);
    expect(report).toMatchObject({ quarantined: [], failed: [] });
    expect(most).toBeGreaterThan(0);
    for (const id of ids) await expect.poll(async () => (await runtime.get(id)).status).toBe('idle');
    expect(await runtime.recover()).toEqual({ opened: [], quarantined: [], failed: [] });
    await runtime.close();
  });

  it('counts attempts before it makes them, and quarantines a run that gets no further', async () => {
    const behind = make();
    await abandoned(behind, ['poison']);
    let starts = 0;
    const machine = working(() => (starts++, never()));
    for (let attempt = 1; attempt <= 3; attempt++) {
      const store = mortalStore(behind);
      const runtime = createRuntime({
        store,
        machines: [machine],
        ...quiet,
        limits: { lease: 20, recoveries: 3 },
      });
      expect((await runtime.recover()).opened).toEqual(['poison']);
      store.die();
      await later(30);
    }
    const said: unknown[] = [];
    const runtime = createRuntime({
      store: behind,
      machines: [machine],
      logger: (...args) => said.push(args[0]),
      limits: { recoveries: 3 },
    });
    expect(await runtime.recover()).toEqual({ opened: [], quarantined: ['poison'], failed: [] });
    expect(starts).toBe(3);
    expect(said).toHaveLength(1);
    expect(await runtime.get('poison')).toMatchObject({
      status: 'quarantined',
      error: { message: expect.stringContaining('3 times') },
    });
    await expect((await runtime.open('poison')).send({ type: 'skip' })).rejects.toBeInstanceOf(
      RunClosedError,
    );
    // Out of quarantine by hand, from its last good checkpoint, under the same effect id.
    const run = await runtime.retry('poison');
    expect(run.seq).toBe(2);
    expect(run.status).toBe('running');
    expect(starts).toBe(4);
    expect((await run.checkpoint(2)).cause).toMatchObject({ type: 'retry' });
    await run.send({ type: 'skip' });
    expect(run.status).toBe('idle');
    await runtime.close();
  });

  it('starts the count anew with a committed turn', async () => {
    const behind = make();
    await abandoned(behind, ['r']);
    const machine = working(never);
    for (let attempt = 1; attempt <= 4; attempt++) {
      const store = mortalStore(behind);
      const runtime = createRuntime({
        store,
        machines: [machine],
        ...quiet,
        limits: { lease: 20, recoveries: 2 },
      });
      const run = await runtime.open('r');
      expect(run.status).toBe('running');
      if (attempt === 2) {
        await run.send({ type: 'skip' });
        return expect(run.status).toBe('idle');
      }
      store.die();
      await later(30);
    }
  });

  it('tells of runs that cannot be opened, and goes on with the others', async () => {
    const store = make();
    await abandoned(store, ['r']);
    const stranger = createRuntime({ store, ...quiet });
    const report = await stranger.recover();
    expect(report.failed).toMatchObject([{ run: 'r', error: { code: 'MACHINE_NOT_REGISTERED' } }]);
    await stranger.close();
  });
});

describe('a delay of a run that nobody has open', () => {
  const reminding = setup({ types: typed<{ context: { n: number } }>() }).createMachine({
    id: 'reminding',
    context: { n: 0 },
    initial: 'waiting',
    states: {
      waiting: {
        after: { 1000: { target: 'again', actions: assign({ n: ({ context }) => context.n + 1 }) } },
      },
      again: { after: { 500_000: 'waiting' } },
    },
  });

  it('is not forgotten: one timer waits for the next run that is due', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const first = createRuntime({ store, clock });
    await first.start(reminding, { id: 'a' });
    clock.increment(400);
    await first.start(reminding, { id: 'b' });
    await first.close();
    const runtime = createRuntime({ store, clock, machines: [reminding], ...quiet });
    expect(await runtime.recover()).toMatchObject({ opened: [] });
    const seqs = async (): Promise<number[]> =>
      Promise.all(['a', 'b'].map(async (id) => (await runtime.get(id)).seq));
    await move(clock, 600);
    await expect.poll(seqs).toEqual([2, 1]);
    await move(clock, 400);
    await expect.poll(seqs).toEqual([2, 2]);
    await move(clock, 600_000);
    await expect.poll(seqs).toEqual([3, 3]);
    await runtime.close();
  });

  it('that is overdue fires when runs are recovered', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const first = createRuntime({ store, clock });
    await first.start(reminding, { id: 'a' });
    await first.close();
    clock.increment(5000);
    const runtime = createRuntime({ store, clock, machines: [reminding], ...quiet });
    expect(await runtime.recover()).toMatchObject({ opened: ['a'] });
    await expect.poll(async () => (await runtime.get('a')).seq).toBe(2);
    await runtime.close();
  });

  async function move(clock: SimulatedClock, ms: number): Promise<void> {
    await later(20);
    clock.increment(ms);
    await later(20);
  }
});

describe.each(stores)('cancel() on %s', (_, make) => {
  const machine = working(never);
  const statusOf = async (runtime: Runtime, id: string) => (await runtime.get(id)).status;

  it('ends a run for good, with who did it and why', async () => {
    const runtime = createRuntime({ store: make(), machines: [machine] });
    const run = await runtime.start(machine, { id: 'r' });
    await runtime.cancel('r', { by: 'ann@example.com', reason: 'not needed' });
    expect(run.status).toBe('cancelled');
    expect(await statusOf(runtime, 'r')).toBe('cancelled');
    await expect(run.done()).rejects.toThrow('was cancelled by ann@example.com: not needed');
    await expect(run.send({ type: 'skip' })).rejects.toBeInstanceOf(RunClosedError);
    await expect(runtime.cancel('r')).rejects.toBeInstanceOf(RunClosedError);
    const opened = await runtime.open('r');
    expect(opened.status).toBe('cancelled');
    const causes: unknown[] = [];
    for await (const { cause } of opened.history()) causes.push([cause.type, cause.by]);
    expect(causes).toEqual([
      ['start', undefined],
      ['cancel', 'ann@example.com'],
    ]);
  });

  it('closes its questions, and reaches a run that another process holds', async () => {
    const store = make();
    const asking = setup({ actors: { ask: inputRequest() } }).createMachine({
      id: 'asking',
      invoke: { src: 'ask', id: 'q' },
      initial: 'a',
      states: { a: { after: { 1000: 'b' } }, b: {} },
    });
    const holder = createRuntime({ store, ...quiet, limits: { poll: 10 } });
    const run = await holder.start(asking, { id: 'r' });
    const other = createRuntime({ store, machines: [asking], ...quiet });
    await other.cancel('r', { by: 'ben@example.com' });
    await expect.poll(() => run.status).toBe('cancelled');
    expect(run.pendingInputs).toEqual([]);
    expect(await other.recordOf('r/q')).toMatchObject({ status: 'withdrawn' });
    expect(await other.get('r')).toMatchObject({ status: 'cancelled', due: undefined });
    await expect(other.answer('r/q', 1)).rejects.toMatchObject({ code: 'INPUT_CLOSED', reason: 'withdrawn' });
  });

  it('ends a run that nobody has open', async () => {
    const runtime = createRuntime({ store: make(), machines: [machine] });
    await (await runtime.start(machine, { id: 'r' })).release();
    await runtime.cancel('r');
    expect(await statusOf(runtime, 'r')).toBe('cancelled');
  });
});

describe('retry()', () => {
  it('runs the step again that a run failed by, and none that was finished', async () => {
    const seen: string[] = [];
    let isDown = true;
    const machine = setup({
      actors: {
        work: fromDurable(async ({ step }) => {
          await step('a', () => seen.push('a'));
          await step('caught', () => Promise.reject(new Error('no'))).catch(() => seen.push('caught'));
          return step('b', () => {
            seen.push('b');
            if (isDown) throw new Error('down');
            return 'up';
          });
        }),
      },
    }).createMachine({ id: 'stepping', invoke: { src: 'work', id: 'work' } });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], ...quiet });
    const run = await runtime.start(machine, { id: 'r' });
    await expect(run.done()).rejects.toThrow('down');
    isDown = false;
    const again = await runtime.retry('r');
    await again.settled();
    expect(again.status).toBe('idle');
    expect(seen).toEqual(['a', 'caught', 'b', 'caught', 'b']);
  });

  it('takes a failed run up again, with the same effect ids, from where it was good', async () => {
    let fails = true;
    const machine = working(async () => {
      if (fails) throw new Error('broken');
      return 'mended';
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], ...quiet });
    const run = await runtime.start(machine, { id: 'r' });
    await expect(run.done()).rejects.toThrow('broken');
    fails = false;
    const again = await runtime.retry('r');
    await again.settled();
    expect(again.getSnapshot()).toMatchObject({ value: 'over', context: { output: 'mended' } });
    await expect(runtime.retry('r', { from: 99 })).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    const third = await runtime.retry('r', { from: 1 });
    await third.settled();
    expect(third.getSnapshot().value).toBe('over');
    await runtime.cancel('r');
    await expect(runtime.retry('r', { from: 1 })).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await expect(runtime.retry('nobody')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

it('messages for a quarantined run wait until it is taken up again', async () => {
  const store = memoryStore();
  await abandoned(store, ['r']);
  const dying = mortalStore(store);
  const machine = working(never);
  const short = { lease: 20, recoveries: 1 };
  await createRuntime({ store: dying, machines: [machine], ...quiet, limits: short }).open('r');
  dying.die();
  await later(30);
  const stranger = createRuntime({ store, ...quiet });
  expect(await stranger.send('r', { type: 'skip' })).toEqual({ delivered: false });
  const runtime = createRuntime({
    store,
    machines: [machine],
    ...quiet,
    limits: { recoveries: 1, poll: 10 },
  });
  expect((await runtime.recover()).quarantined).toEqual(['r']);
  await runtime.recover();
  const run = await runtime.retry('r');
  await expect.poll(() => run.getSnapshot().value).toBe('over');
});

/** A run that has ended, and for which a message waits all the same. */
async function endedWithMessage(store: Store): Promise<void> {
  const runtime = createRuntime({ store, ...quiet });
  const run = await runtime.start(ending, { id: 'r' });
  await run.send({ type: 'end' });
  await run.done();
  await runtime.close();
  await store.enqueue('r', { id: 'm', value: JSON.stringify({ type: 'event', event: { type: 'end' } }) });
}

it('a run at its end whose messages cannot be read is held by nobody', async () => {
  const store = memoryStore();
  await endedWithMessage(store);
  const broken = overriding(store, {
    rows: (run, kind, scan) => {
      if (kind === 'inbox') throw new Error('The file is damaged.');
      return store.rows(run, kind, scan);
    },
  });
  const runtime = createRuntime({ store: broken, ...quiet });
  expect((await runtime.recover()).failed).toMatchObject([{ run: 'r' }]);
  const other = createRuntime({ store, machines: [ending], ...quiet });
  expect((await other.retry('r', { from: 1 })).getSnapshot().value).toBe('open');
  await Promise.all([runtime.close(), other.close()]);
});

it('messages for a run that was taken up again while they were looked for are delivered', async () => {
  const store = memoryStore();
  await endedWithMessage(store);
  let look!: () => void;
  const looking = new Promise<void>((resolve) => (look = resolve));
  const slow = overriding(store, {
    runs: async (scan) => {
      const found = await store.runs(scan);
      if (scan.undelivered && scan.owner === undefined) await looking;
      return found;
    },
  });
  const runtime = createRuntime({ store: slow, ...quiet });
  const recovered = runtime.recover();
  const other = createRuntime({ store, machines: [ending], ...quiet, limits: { poll: 60_000 } });
  await (await other.retry('r', { from: 1 })).release();
  look();
  await recovered;
  await other.recover();
  await expect.poll(async () => (await other.get('r')).status).toBe('done');
  await Promise.all([runtime.close(), other.close()]);
});

it('runs that come and go do not put off the look at what others left', async () => {
  const store = memoryStore();
  const machine = working(async () => 1);
  const limits = { lease: 100 };
  const runtime = createRuntime({ store, machines: [machine], ...quiet, limits });
  await (await runtime.start(machine, { id: 'mine' })).release();
  await runtime.recover();
  const stranger = createRuntime({ store, ...quiet });
  await (await stranger.start(machine, { id: 'theirs' })).release();
  await stranger.send('theirs', { type: 'skip' });
  await expect
    .poll(async () => {
      await runtime.send('mine', { type: 'nothing' });
      return store.runs({ undelivered: true, limit: 1 });
    })
    .toEqual([]);
});

it('a message whose delivery takes for ever keeps no recovery from its end', async () => {
  const store = memoryStore();
  const schema = {
    '~standard': { version: 1 as const, vendor: 'test', validate: () => new Promise<never>(() => {}) },
  };
  const machine = setup({ actors: { ask: inputRequest({ schema }) } }).createMachine({
    id: 'patient',
    invoke: { src: 'ask', id: 'q' },
  });
  const runtime = createRuntime({ store, machines: [machine], ...quiet, limits: { lease: 100 } });
  await (await runtime.start(machine, { id: 'r' })).release();
  await createRuntime({ store, ...quiet }).answer('r/q', 1);
  expect(await runtime.recover({ concurrency: 1 })).toMatchObject({ opened: ['r'] });
  await runtime.close();
});

it('a run whose opening the store refuses leaves no timer behind, and can be opened again', async () => {
  const behind = memoryStore();
  const machine = setup({ actors: { work: fromPromise(never) } }).createMachine({
    id: 'delayed',
    initial: 'a',
    states: { a: { after: { 1000: 'b' }, invoke: { src: 'work' } }, b: {} },
  });
  const dying = mortalStore(behind);
  await createRuntime({ store: dying, ...quiet, limits: { lease: 20 } }).start(machine, { id: 'r' });
  dying.die();
  await later(30);
  const store = stagedStore(behind);
  const clock = new SimulatedClock();
  clock.set(Date.now());
  const runtime = createRuntime({ store, machines: [machine], clock, ...quiet });
  store.next(refuses);
  await expect(runtime.open('r')).rejects.toMatchObject({ code: 'STORE' });
  expect(timersOf(clock)).toBe(0);
  expect((await runtime.open('r')).status).toBe('running');
});
