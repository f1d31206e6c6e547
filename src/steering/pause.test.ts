/** Paused means no turns: everything waits, nothing starts, and nothing is lost. */
import {
  assign,
  fromCallback,
  fromObservable,
  fromPromise,
  setup,
  SimulatedClock,
  toObserver,
  type Observer,
} from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { counter } from '../../test/support/counter.ts';
import {
  asynchronous,
  mortalStore,
  nextJob,
  overriding,
  refuses,
  slowStore,
  stagedStore,
} from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  fromDurable,
  inputRequest,
  onInterrupt,
  type DurableArgs,
  type RuntimeOptions,
  type Store,
} from '../index.ts';

/** Work outside that a test lets go, and what of it has started. */
function outside() {
  const started: string[] = [];
  const gates = new Map<string, (value: unknown) => void>();
  const work = (name: string): Promise<unknown> => {
    started.push(name);
    return new Promise((resolve) => gates.set(name, resolve));
  };
  return { started, work, end: (name: string, value: unknown = `${name} done`) => gates.get(name)!(value) };
}

type Outside = ReturnType<typeof outside>;

/** A machine with one effect, and states to leave it for. */
const working = ({ work }: Outside, policy: 'rerun' | 'fail' | 'ask' = 'rerun') =>
  setup({
    types: typed<{
      context: { log: string[] };
      events: { type: 'note'; what: string } | { type: 'work' } | { type: 'leave' };
    }>(),
    actors: {
      work: onInterrupt(
        fromPromise(() => work('work')),
        policy,
      ),
    },
    actions: {
      log: assign({ log: ({ context, event }) => [...context.log, String(Object.values(event)[1])] }),
    },
  }).createMachine({
    id: 'working',
    context: { log: [] },
    initial: 'idle',
    on: { note: { actions: 'log' } },
    states: {
      idle: { on: { work: 'working' } },
      working: {
        invoke: { src: 'work', onDone: { target: 'idle', actions: 'log' }, onError: 'failed' },
        on: { leave: 'idle' },
      },
      failed: {},
    },
  });

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, logger: () => {}, ...options, limits: { poll: 10, ...options.limits } });

const patient = { timeout: 10_000 };
const messages = async (store: Store, run: string): Promise<number> =>
  (await store.rows(run, 'inbox', {})).length;
const logOf = (run: { getSnapshot(): { context: unknown } }): string[] =>
  (run.getSnapshot().context as { log: string[] }).log;

function clockAt(start: number): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(start);
  return clock;
}

describe.each(stores)('a paused run on %s', (_, make) => {
  it('says who paused it, why and when, and is at rest', async () => {
    const clock = clockAt(5000);
    const runtime = runtimeOn(make(), { clock });
    const run = await runtime.start(counter, { id: 'r' });
    await runtime.pause('r', { by: 'ann', reason: 'the bank is down' });
    expect(run.status).toBe('paused');
    await run.settled();
    const paused = { by: 'ann', reason: 'the bank is down', at: 5000 };
    expect(await runtime.get('r')).toMatchObject({ status: 'paused', paused });
    const listed = [];
    for await (const info of runtime.list({ status: 'paused' })) listed.push(info);
    expect(listed).toMatchObject([{ id: 'r', paused }]);
    await runtime.resume('r');
    expect(run.status).toBe('idle');
    expect((await runtime.get('r')).paused).toBeUndefined();
  });

  it('twice is once, and resume() of one that is not paused does nothing', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    await runtime.resume('r');
    await Promise.all([runtime.pause('r', { by: 'ann' }), runtime.pause('r', { by: 'bob' })]);
    await runtime.pause('r', { by: 'eve' });
    expect((await runtime.get('r')).paused).toMatchObject({ by: 'ann' });
    await Promise.all([runtime.resume('r'), runtime.resume('r')]);
    expect(run.status).toBe('idle');
    expect(await run.send({ type: 'add' })).toMatchObject({ delivered: true, seq: 2 });
  });

  it('is none that has ended, or never was', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'finish' });
    await expect(runtime.pause('r')).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await expect(runtime.pause('none')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(runtime.resume('none')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await runtime.resume('r');
    expect((await runtime.get('r')).status).toBe('done');
  });

  it('keeps what it is sent, in order, and takes it when it goes on', async () => {
    const store = make();
    const runtime = runtimeOn(store);
    const machine = working(outside());
    const run = await runtime.start(machine, { id: 'r' });
    await runtime.pause('r');
    expect(await run.send({ type: 'note', what: 'a' }, { id: 'e' })).toEqual({ delivered: false });
    run.actor.send({ type: 'note', what: 'b' });
    expect(await runtime.send('r', { type: 'note', what: 'c' })).toEqual({ delivered: false });
    expect(await run.send({ type: 'note', what: 'again' }, { id: 'e' })).toEqual({ delivered: false });
    await expect.poll(() => messages(store, 'r'), patient).toBe(3);
    expect(run.seq).toBe(1);
    await runtime.resume('r');
    expect(logOf(run)).toEqual(['a', 'b', 'c']);
    expect(await run.send({ type: 'note', what: 'again' }, { id: 'e' })).toMatchObject({
      delivered: true,
      seq: 2,
    });
    expect(await messages(store, 'r')).toBe(0);
  });

  it('lets an effect that is in flight end, and takes its outcome when it goes on, once', async () => {
    const store = make();
    const runtime = runtimeOn(store);
    const { started, work, end } = outside();
    const run = await runtime.start(working({ started, work, end }), { id: 'r' });
    await run.send({ type: 'work' });
    await runtime.pause('r');
    end('work');
    await run.settled();
    expect(run.seq).toBe(2);
    expect(run.getSnapshot().value).toBe('working');
    await runtime.resume('r');
    expect(logOf(run)).toEqual(['work done']);
    expect(started).toEqual(['work']);
  });

  it('starts nothing of what a turn just before it set off', async () => {
    const store = slowStore(make());
    const runtime = runtimeOn(store);
    const out = outside();
    const starting = runtime.start(working(out), { id: 'r' });
    await expect.poll(() => store.waiting, patient).toBe(1);
    await store.letOne();
    const run = await starting;
    const sent = run.send({ type: 'work' });
    const paused = runtime.pause('r');
    // It has read the run by then.
    for (let job = 0; job < 20; job++) await nextJob();
    await store.letAll();
    expect(await sent).toMatchObject({ delivered: true, seq: 2 });
    await paused;
    await run.settled();
    expect(run.getSnapshot().value).toBe('working');
    expect(out.started).toEqual([]);
    await runtime.resume('r');
    expect(out.started).toEqual(['work']);
    out.end('work');
    await expect.poll(() => logOf(run), patient).toEqual(['work done']);
  });

  it('is opened paused by the next process, and starts nothing', async () => {
    const store = make();
    const out = outside();
    const machine = working(out);
    const first = runtimeOn(store, { machines: [machine] });
    const run = await first.start(machine, { id: 'r' });
    await first.pause('r', { by: 'ann' });
    await run.release();
    const runtime = runtimeOn(store, { machines: [machine] });
    const again = await runtime.open(machine, 'r');
    expect(again.status).toBe('paused');
    expect(await again.send({ type: 'work' })).toEqual({ delivered: false });
    await again.settled();
    await again.release();
    expect((await runtime.get('r')).paused).toMatchObject({ by: 'ann' });
    expect(out.started).toEqual([]);
    await runtime.resume('r');
    expect(out.started).toEqual(['work']);
    out.end('work');
    await expect.poll(async () => (await runtime.get('r')).status, patient).toBe('idle');
  });

  it('that nobody has is paused without its machine, and goes on where that is known', async () => {
    const store = make();
    const clock = clockAt(1000);
    const first = runtimeOn(store, { clock });
    const run = await first.start(counter, { id: 'r' });
    await run.send({ type: 'sleep' });
    await run.release();
    const stranger = runtimeOn(store, { clock });
    await stranger.pause('r');
    expect(await stranger.get('r')).toMatchObject({ status: 'paused', due: undefined });
    clock.increment(4_000_000);
    const runtime = runtimeOn(store, { clock, machines: [counter] });
    expect((await runtime.recover()).opened).toEqual([]);
    await stranger.resume('r');
    expect((await runtime.recover()).opened).toEqual(['r']);
    await expect.poll(async () => (await runtime.get('r')).status, patient).toBe('idle');
    await runtime.close();
  });

  it('that another process has is paused and resumed by it', async () => {
    const store = make();
    const out = outside();
    const machine = working(out);
    const holder = runtimeOn(store);
    const run = await holder.start(machine, { id: 'r' });
    const other = runtimeOn(store);
    await other.pause('r', { by: 'bob', reason: 'why not' });
    expect(run.status).toBe('paused');
    expect((await other.get('r')).paused).toMatchObject({ by: 'bob', reason: 'why not' });
    expect(await other.send('r', { type: 'work' })).toEqual({ delivered: false });
    await nextJob();
    expect(out.started).toEqual([]);
    await other.resume('r');
    await expect.poll(() => out.started, patient).toEqual(['work']);
    expect(await messages(store, 'r')).toBe(0);
  });

  it('whose process died is still paused, and what was cut off does as its policy says', async () => {
    const behind = make();
    const store = mortalStore(behind);
    const out = outside();
    const machine = working(out, 'fail');
    const first = runtimeOn(store, { limits: { lease: 150 } });
    const run = await first.start(machine, { id: 'r' });
    await run.send({ type: 'work' });
    await first.pause('r');
    store.die();
    const runtime = runtimeOn(behind, { machines: [machine] });
    const again = await runtime.open(machine, 'r', { wait: 10_000 });
    expect(again.status).toBe('paused');
    await nextJob();
    expect(again.getSnapshot().value).toBe('working');
    await runtime.resume('r');
    await expect.poll(() => again.getSnapshot().value, patient).toBe('failed');
    expect(out.started).toEqual(['work']);
  });

  it('does not run an effect again whose outcome waits, though its process died', async () => {
    const behind = make();
    const store = mortalStore(behind);
    const out = outside();
    const machine = working(out, 'fail');
    const first = runtimeOn(store, { limits: { lease: 150 } });
    const run = await first.start(machine, { id: 'r' });
    await run.send({ type: 'work' });
    await first.pause('r');
    out.end('work');
    await expect.poll(() => messages(behind, 'r'), patient).toBe(1);
    store.die();
    const dying = mortalStore(behind);
    const second = runtimeOn(dying, { limits: { lease: 150 } });
    await second.open(machine, 'r', { wait: 10_000 });
    // It dies once more, between the word that it goes on and what waits.
    const commit = dying.commit.bind(dying);
    dying.commit = async (batch) => {
      const outcomes = await commit(batch);
      if (batch.some(({ head }) => head?.status === 'running')) dying.die();
      return outcomes;
    };
    void second.resume('r');
    await expect
      .poll(async () => (await behind.runs({ run: 'r', limit: 1 }))[0]?.status, patient)
      .toBe('running');
    const runtime = runtimeOn(behind, { machines: [machine] });
    const again = await runtime.open(machine, 'r', { wait: 10_000 });
    await expect.poll(() => logOf(again), patient).toEqual(['work done']);
    expect(out.started).toEqual(['work']);
  });

  it('takes an event that came meanwhile before it starts what that makes superfluous', async () => {
    const store = make();
    const out = outside();
    const machine = working(out);
    const runtime = runtimeOn(store);
    const run = await runtime.start(machine, { id: 'r' });
    await runtime.pause('r');
    await run.send({ type: 'work' });
    await run.send({ type: 'leave' });
    await runtime.resume('r');
    await nextJob();
    expect(out.started).toEqual([]);
    expect(run.getSnapshot().value).toBe('idle');
  });

  it('can be cancelled', async () => {
    const store = make();
    const runtime = runtimeOn(store, { machines: [counter] });
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'work' });
    await runtime.pause('r');
    await runtime.cancel('r', { by: 'ann' });
    expect(await runtime.get('r')).toMatchObject({ status: 'cancelled', paused: undefined });
    const free = await runtime.start(counter, { id: 'free' });
    await free.release();
    await runtime.pause('free');
    const stranger = runtimeOn(store);
    await stranger.cancel('free');
    await runtime.recover();
    await expect.poll(async () => (await runtime.get('free')).status, patient).toBe('cancelled');
    await runtime.close();
  });
});

describe('what waits while a run is paused', () => {
  const sleeping = setup({
    types: typed<{ context: { log: string[] }; events: { type: 'note'; what: string } }>(),
    actions: {
      log: assign({ log: ({ context }, what: string) => [...context.log, what] }),
    },
  }).createMachine({
    id: 'sleeping',
    context: { log: [] },
    initial: 'asleep',
    on: { note: { actions: { type: 'log', params: ({ event }) => event.what } } },
    after: {
      1000: { actions: { type: 'log', params: 'one' } },
      2000: { actions: { type: 'log', params: 'two' } },
    },
    states: { asleep: {} },
  });

  it('is each delay that is due meanwhile: it fires once, before what came after it was due', async () => {
    const clock = clockAt(0);
    const runtime = runtimeOn(memoryStore(), { clock });
    const run = await runtime.start(sleeping, { id: 'r' });
    await runtime.pause('r');
    clock.increment(500);
    await run.send({ type: 'note', what: 'early' });
    clock.increment(1000);
    await run.send({ type: 'note', what: 'late' });
    clock.increment(200);
    expect(run.getSnapshot().context.log).toEqual([]);
    expect(run.status).toBe('paused');
    await runtime.resume('r');
    expect(run.getSnapshot().context.log).toEqual(['early', 'one', 'late']);
    clock.increment(300);
    await run.settled();
    expect(run.getSnapshot().context.log).toEqual(['early', 'one', 'late', 'two']);
  });

  it.each([
    ['deadline', 1000],
    ['remaining', 6600],
    ['restart', 7000],
  ] as const)('is a delay whose policy is %s, over a restart: it is due at %i', async (delays, due) => {
    const store = memoryStore();
    const clock = clockAt(0);
    const options = { clock, delays, machines: [sleeping] };
    const first = runtimeOn(store, options);
    const run = await first.start(sleeping, { id: 'r' });
    clock.increment(400);
    await first.pause('r');
    clock.increment(600);
    await run.release();
    clock.increment(5000);
    const runtime = runtimeOn(store, options);
    const again = await runtime.open(sleeping, 'r');
    await again.settled();
    await runtime.resume('r');
    const isDue = due <= 6000;
    await expect.poll(() => again.getSnapshot().context.log[0], patient).toBe(isDue ? 'one' : undefined);
    clock.increment(Math.max(0, due - 6000 - 1));
    await again.settled();
    expect(again.getSnapshot().context.log).toHaveLength(isDue ? 2 : 0);
    clock.increment(1);
    await again.settled();
    expect(again.getSnapshot().context.log[0]).toBe('one');
  });

  it('is what a callback and an observable report; they are stopped, and started again when it goes on', async () => {
    const store = memoryStore();
    const calls: string[] = [];
    const tell = new Map<string, (n: number) => void>();
    const machine = setup({
      types: typed<{ context: { ticks: number[]; seen: number }; events: { type: 'tick'; n: number } }>(),
      actors: {
        ticker: fromCallback(({ sendBack }) => {
          calls.push('ticker starts');
          tell.set('ticker', (n) => sendBack({ type: 'tick', n }));
          return () => calls.push('ticker stops');
        }),
        values: fromObservable(() => ({
          subscribe: (observer: Partial<Observer<number>> | ((n: number) => void)) => {
            calls.push('values start');
            const { next } = toObserver(observer as Observer<number>);
            tell.set('values', (n) => next?.(n));
            return { unsubscribe: () => calls.push('values stop') };
          },
        })),
        work: fromPromise(() => new Promise((resolve) => tell.set('work', resolve))),
      },
    }).createMachine({
      id: 'ticking',
      context: { ticks: [], seen: 0 },
      on: { tick: { actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.n] }) } },
      invoke: [
        { src: 'ticker' },
        {
          src: 'values',
          onSnapshot: { actions: assign({ seen: ({ event }) => Number(event.snapshot.context) || 0 }) },
        },
        { src: 'work' },
      ],
    });
    const runtime = runtimeOn(store);
    const run = await runtime.start(machine, { id: 'r' });
    await runtime.pause('r');
    tell.get('ticker')!(1);
    tell.get('ticker')!(2);
    tell.get('values')!(7);
    expect(calls).toEqual(['ticker starts', 'values start']);
    const former = new Map(tell);
    tell.get('work')!(0);
    await run.settled();
    expect(calls.slice(2)).toEqual(['ticker stops', 'values stop']);
    former.get('ticker')!(3);
    expect(run.getSnapshot().context).toEqual({ ticks: [], seen: 0 });
    await runtime.resume('r');
    expect(run.getSnapshot().context).toEqual({ ticks: [1, 2], seen: 7 });
    expect(calls.slice(4)).toEqual(['ticker starts', 'values start']);
    former.get('ticker')!(4);
    tell.get('ticker')!(5);
    await expect.poll(() => run.getSnapshot().context, patient).toEqual({ ticks: [1, 2, 5], seen: 7 });
  });

  it('is a custom action that has not begun: it is done when the run goes on, also over a restart', async () => {
    const store = memoryStore();
    const done: string[] = [];
    let end!: () => void;
    const machine = setup({
      types: typed<{ events: { type: 'act' } }>(),
      actions: {
        slow: (): unknown => {
          done.push('slow');
          return new Promise<void>((resolve) => (end = resolve));
        },
        quick: () => void done.push('quick'),
      },
    }).createMachine({ id: 'acting', on: { act: { actions: ['slow', 'quick'] } } });
    const first = runtimeOn(store);
    const run = await first.start(machine, { id: 'r' });
    await run.send({ type: 'act' });
    await first.pause('r');
    end();
    await run.settled();
    expect(done).toEqual(['slow']);
    await run.release();
    const runtime = runtimeOn(store, { machines: [machine] });
    const again = await runtime.open(machine, 'r');
    await again.settled();
    expect(done).toEqual(['slow']);
    await runtime.resume('r');
    expect(done).toEqual(['slow', 'quick']);
  });

  it('is a step that has not begun, and a sleep that is over', async () => {
    const store = memoryStore();
    const clock = clockAt(0);
    const steps: string[] = [];
    let end!: () => void;
    const machine = setup({
      types: typed<{ context: { output: unknown } }>(),
      actors: {
        work: fromDurable(async ({ step, attempt }: DurableArgs<undefined>) => {
          await step('first', () => {
            steps.push(`first ${attempt}`);
            return new Promise<void>((resolve) => (end = resolve));
          });
          await step('second', () => void steps.push(`second ${attempt}`));
          await step.sleep('a while', 1000);
          await step('third', () => void steps.push(`third ${attempt}`));
          return attempt;
        }),
      },
    }).createMachine({
      id: 'stepping',
      context: { output: undefined },
      invoke: { src: 'work', onDone: { actions: assign({ output: ({ event }) => event.output }) } },
    });
    const first = runtimeOn(store, { clock });
    const run = await first.start(machine, { id: 'r' });
    await expect.poll(() => steps, patient).toEqual(['first 1']);
    await first.pause('r');
    end();
    await run.settled();
    expect(steps).toEqual(['first 1']);
    await first.resume('r');
    await expect.poll(() => run.status, patient).toBe('sleeping');
    await first.pause('r');
    clock.increment(2000);
    await run.settled();
    expect(steps).toEqual(['first 1', 'second 1']);
    await run.release();
    const runtime = runtimeOn(store, { clock });
    const again = await runtime.open(machine, 'r');
    await again.settled();
    expect(steps).toEqual(['first 1', 'second 1']);
    await runtime.resume('r');
    await expect.poll(() => again.getSnapshot().context.output, patient).toBe(2);
    expect(steps).toEqual(['first 1', 'second 1', 'third 2']);
  });

  const asking = setup({
    types: typed<{ context: { answer: string } }>(),
    actors: { ask: inputRequest({ schema: z.object({ text: z.string() }) }) },
  }).createMachine({
    id: 'asking',
    context: { answer: '' },
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          src: 'ask',
          id: 'q',
          input: { prompt: 'Well?', deadline: 1000 },
          onDone: { target: 'over', actions: assign({ answer: ({ event }) => event.output.text }) },
          onError: { target: 'over', actions: assign({ answer: 'nobody' }) },
        },
      },
      over: {},
    },
  });

  it('is an answer: it is checked at once, the first one wins, and it counts when it came in time', async () => {
    const clock = clockAt(0);
    const runtime = runtimeOn(memoryStore(), { clock, machines: [asking] });
    const run = await runtime.start(asking, { id: 'r' });
    await runtime.pause('r');
    expect(run.pendingInputs).toMatchObject([{ id: 'r/q', prompt: 'Well?' }]);
    await expect(run.answer('r/q', { text: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await runtime.answer('r/q', { text: 'yes' }, { by: 'ann' })).toEqual({ delivered: false });
    await expect(run.answer('r/q', { text: 'no' })).rejects.toMatchObject({
      code: 'INPUT_CLOSED',
      by: 'ann',
    });
    clock.increment(2000);
    await runtime.resume('r');
    expect(run.getSnapshot().context.answer).toBe('yes');
    expect(await runtime.recordOf('r/q')).toMatchObject({ status: 'answered', by: 'ann', at: 0 });
  });

  it('is no answer that came after the deadline', async () => {
    const clock = clockAt(0);
    const runtime = runtimeOn(memoryStore(), { clock, machines: [asking] });
    const run = await runtime.start(asking, { id: 'r' });
    await runtime.pause('r');
    clock.increment(2000);
    await run.answer('r/q', { text: 'late' });
    expect(run.getSnapshot().context.answer).toBe('');
    await runtime.resume('r');
    expect(run.getSnapshot().context.answer).toBe('nobody');
  });

  it('is a result that cannot be stored: its effect fails with that', async () => {
    const out = outside();
    const runtime = runtimeOn(memoryStore());
    const run = await runtime.start(working(out), { id: 'r' });
    await run.send({ type: 'work' });
    await runtime.pause('r');
    out.end('work', () => {});
    await run.settled();
    await runtime.resume('r');
    expect(run.getSnapshot().value).toBe('failed');
  });

  it('is kept though the store fails for a while', async () => {
    const store = stagedStore(memoryStore());
    const out = outside();
    const runtime = runtimeOn(store);
    const run = await runtime.start(working(out), { id: 'r' });
    await run.send({ type: 'work' });
    await runtime.pause('r');
    const enqueue = store.enqueue.bind(store);
    let failures = 2;
    store.enqueue = (...args) => {
      if (failures-- > 0) throw new Error('The store is out of reach.');
      return enqueue(...args);
    };
    out.end('work');
    await run.settled();
    await runtime.resume('r');
    expect(logOf(run)).toEqual(['work done']);
  });

  it('is kept though the store is away until the lease has ended', async () => {
    const behind = memoryStore();
    let isAway = false;
    const reach = (): void => {
      if (isAway) throw new Error('The store is out of reach.');
    };
    const store = overriding(behind, {
      enqueue: (...args) => (reach(), behind.enqueue(...args)),
      lease: (...args) => (reach(), behind.lease(...args)),
    });
    const out = outside();
    const runtime = runtimeOn(store, { limits: { lease: 60 } });
    const run = await runtime.start(working(out), { id: 'r' });
    await run.send({ type: 'work' });
    await runtime.pause('r');
    isAway = true;
    out.end('work');
    await new Promise((resolve) => setTimeout(resolve, 150));
    isAway = false;
    await expect.poll(() => messages(store, 'r'), patient).toBe(1);
    await runtime.resume('r');
    expect(logOf(run)).toEqual(['work done']);
  });

  it('comes before what is sent while the run goes on, also under an id', async () => {
    const behind = memoryStore();
    let reading = Promise.resolve();
    const store = overriding(asynchronous(behind), {
      rows: async (run, kind, scan) => {
        if (kind === 'inbox' && scan.prefix === undefined) await reading;
        return behind.rows(run, kind, scan);
      },
    });
    const runtime = runtimeOn(store);
    const run = await runtime.start(working(outside()), { id: 'r' });
    await runtime.pause('r');
    await run.send({ type: 'note', what: 'a' }, { id: 'e' });
    let read!: () => void;
    reading = new Promise((resolve) => (read = resolve));
    const resumed = runtime.resume('r');
    await expect.poll(async () => (await runtime.get('r')).status, patient).toBe('idle');
    const again = run.send({ type: 'note', what: 'a' }, { id: 'e' });
    const other = run.send({ type: 'note', what: 'b' }, { id: 'f' });
    const plain = run.send({ type: 'note', what: 'c' });
    read();
    await resumed;
    expect(await Promise.all([again, other, plain])).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
    expect(logOf(run)).toEqual(['a', 'b', 'c']);
  });

  it('is an event whose id is looked up as the run begins to go on', async () => {
    const behind = memoryStore();
    let reading = Promise.resolve();
    let looking = Promise.resolve();
    const store = overriding(asynchronous(behind), {
      rows: async (run, kind, scan) => {
        if (kind === 'event') await looking;
        if (kind === 'inbox' && scan.prefix === undefined) await reading;
        return behind.rows(run, kind, scan);
      },
    });
    const runtime = runtimeOn(store);
    const run = await runtime.start(working(outside()), { id: 'r' });
    await runtime.pause('r');
    await run.send({ type: 'note', what: 'a' }, { id: 'e' });
    await nextJob();
    let read!: () => void;
    let look!: () => void;
    looking = new Promise((resolve) => (look = resolve));
    reading = new Promise((resolve) => (read = resolve));
    const again = run.send({ type: 'note', what: 'a' }, { id: 'e' });
    const resumed = runtime.resume('r');
    await expect.poll(async () => (await runtime.get('r')).status, patient).toBe('idle');
    read();
    await nextJob();
    look();
    await resumed;
    expect(await again).toMatchObject({ seq: 2 });
    expect(logOf(run)).toEqual(['a']);
  });

  it('goes on where the store refuses the pause', async () => {
    const store = stagedStore(memoryStore());
    const out = outside();
    const runtime = runtimeOn(store);
    const run = await runtime.start(working(out), { id: 'r' });
    store.next(refuses);
    await expect(runtime.pause('r')).rejects.toMatchObject({ code: 'STORE' });
    expect(run.status).toBe('idle');
    expect(await run.send({ type: 'work' })).toMatchObject({ delivered: true });
    expect(out.started).toEqual(['work']);
  });

  it.each(['async', 'exit'] as const)(
    'is nothing of the turns before it, with durability %s',
    async (durability) => {
      const store = memoryStore();
      const runtime = runtimeOn(store, { durability });
      const out = outside();
      const run = await runtime.start(working(out), { id: 'r' });
      await run.send({ type: 'work' });
      await run.send({ type: 'note', what: 'a' });
      await runtime.pause('r');
      expect((await runtime.get('r')).seq).toBe(3);
      await run.send({ type: 'note', what: 'b' });
      out.end('work');
      await run.settled();
      await runtime.resume('r');
      await run.settled();
      expect(logOf(run)).toEqual(['a', 'b', 'work done']);
    },
  );
});
