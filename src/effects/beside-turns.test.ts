/** What effects write between turns, on stores that are slow or refuse it. */
import { assign, fromPromise, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { timersOf } from '../../test/support/effect-life.ts';
import {
  mortalStore,
  nextJob,
  refuses,
  refusesWhere,
  slowStore,
  stagedStore,
} from '../../test/support/staged-store.ts';
import { createRuntime, fromDurable, onInterrupt, type DurableArgs, type RuntimeOptions } from '../index.ts';

const quiet: Partial<RuntimeOptions> = { logger: () => {} };
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A machine with one durable function, that can count and be left, and has a named action. */
const hosting = (work: (args: DurableArgs<unknown>) => Promise<unknown>, act: () => void = () => {}) =>
  setup({ actors: { work: fromDurable(work) }, actions: { act } }).createMachine({
    id: 'hosting',
    context: { n: 0 },
    initial: 'working',
    on: {
      count: { actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) },
      act: { actions: 'act' },
    },
    states: {
      working: {
        invoke: { src: 'work', id: 'work', onDone: 'over', onError: 'over' },
        on: { leave: 'over' },
      },
      over: {},
    },
  });

/** A step that a test lets go. */
function gated() {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const started = { yet: false };
  const work = ({ step }: DurableArgs<unknown>): Promise<unknown> =>
    step('gated', () => {
      started.yet = true;
      return gate;
    });
  return { work, open, started: () => expect.poll(() => started.yet).toBe(true) };
}

describe('the result of a step', () => {
  it('that is committed with a turn leaves the status as that turn says', async () => {
    const store = slowStore(memoryStore());
    const { work, open, started } = gated();
    const starting = createRuntime({ store, ...quiet }).start(hosting(work), { id: 'r' });
    await expect.poll(() => store.waiting).toBe(1);
    await store.letOne();
    const run = await starting;
    await started();
    const counted = run.send({ type: 'count' });
    await nextJob();
    open();
    await nextJob();
    const left = run.send({ type: 'leave' });
    await nextJob();
    await store.letAll();
    await Promise.all([counted, left]);
    await run.settled();
    expect(run.status).toBe('idle');
  });

  it('that the store refuses does not keep the run from being released', async () => {
    const store = stagedStore(memoryStore());
    const { work, open, started } = gated();
    const run = await createRuntime({ store, ...quiet }).start(hosting(work), { id: 'r' });
    await started();
    store.next(async (batch, commit) => {
      await later(20);
      return refuses(batch, commit);
    });
    open();
    await nextJob();
    await run.release();
  });

  it('that the store refuses does not bring an action back that is done', async () => {
    const store = stagedStore(memoryStore());
    const { work, open, started } = gated();
    let acts = 0;
    const machine = hosting(work, () => {
      acts++;
      open();
    });
    const runtime = createRuntime({ store, machines: [machine], ...quiet });
    const run = await runtime.start(machine, { id: 'r' });
    await started();
    store.always(refusesWhere(({ put }) => put?.some(({ kind }) => kind === 'step') === true));
    await run.send({ type: 'act' });
    await expect.poll(() => run.getSnapshot().value).toBe('over');
    await run.settled();
    expect(await store.rows('r', 'outbox', {})).toEqual([]);
    await run.release();
    await (await runtime.open('r')).settled();
    expect(acts).toBe(1);
  });
});

it('an answer that cannot be stored leaves its question, and the run at rest', async () => {
  const machine = hosting(({ step }) => step.waitForInput('q', {}));
  const run = await createRuntime({ store: memoryStore(), ...quiet }).start(machine, { id: 'r' });
  await run.waitForInput();
  await expect(run.answer('r/work/q', { call: () => {} })).rejects.toMatchObject({
    code: 'NOT_SERIALIZABLE',
  });
  await run.send({ type: 'count' });
  await run.settled();
  expect(run.status).toBe('waitingForInput');
  await run.answer('r/work/q', 1);
  await expect.poll(() => run.getSnapshot().value).toBe('over');
});

it('an effect that was cut off fails where nobody can be asked about it', async () => {
  const behind = memoryStore();
  const dying = mortalStore(behind);
  const machine = setup({
    actors: {
      work: onInterrupt(
        fromPromise(() => new Promise(() => {})),
        'ask',
      ),
    },
  }).createMachine({
    id: 'asking',
    initial: 'working',
    states: { working: { invoke: { src: 'work', id: 'work', onError: 'over' } }, over: {} },
  });
  await createRuntime({ store: dying, ...quiet, limits: { lease: 20 } }).start(machine, { id: 'r' });
  dying.die();
  const store = stagedStore(behind);
  store.always(refusesWhere(({ ask }) => ask !== undefined));
  const run = await createRuntime({ store, ...quiet }).open(machine, 'r', { wait: 2000 });
  await expect.poll(() => run.getSnapshot().value).toBe('over');
});

describe('a question in the middle of a function', () => {
  it('whose deadline is past has its default at once, also by a clock that is moved by hand', async () => {
    const clock = new SimulatedClock();
    clock.set(1000);
    const machine = hosting(({ step }) => step.waitForInput('q', { deadline: 500, default: 7 }));
    const run = await createRuntime({ store: memoryStore(), clock, ...quiet }).start(machine, { id: 'r' });
    await expect.poll(() => run.getSnapshot().value).toBe('over');
  });

  it('leaves no timer behind when its actor is stopped', async () => {
    const clock = new SimulatedClock();
    const machine = hosting(({ step }) => step.waitForInput('q', { deadline: 500 }));
    const run = await createRuntime({ store: memoryStore(), clock, ...quiet }).start(machine, { id: 'r' });
    await run.waitForInput();
    expect(timersOf(clock)).toBe(1);
    await run.send({ type: 'leave' });
    expect(run.pendingInputs).toEqual([]);
    expect(timersOf(clock)).toBe(0);
  });

  it('that its code has not come to again holds up no message behind it', async () => {
    const behind = memoryStore();
    const dying = mortalStore(behind);
    const machine = setup({
      actors: {
        work: fromDurable(
          ({ step }) => Promise.all([step.waitForInput('q', {}), step('x', () => new Promise(() => {}))]),
          { onInterrupt: 'ask' },
        ),
      },
    }).createMachine({
      id: 'asking',
      initial: 'working',
      states: { working: { invoke: { src: 'work', id: 'work', onError: 'over' } }, over: {} },
    });
    const first = createRuntime({ store: dying, ...quiet, limits: { lease: 20 } });
    await (await first.start(machine, { id: 'r' })).waitForInput();
    dying.die();
    const runtime = createRuntime({ store: behind, ...quiet, limits: { poll: 10 } });
    const run = await runtime.open(machine, 'r', { wait: 2000 });
    await expect.poll(() => run.pendingInputs.map(({ id }) => id).toSorted()).toEqual(['r/work', 'r/work/q']);
    const other = createRuntime({ store: behind, ...quiet });
    await other.answer('r/work/q', 1);
    await later(30);
    await other.answer('r/work', { action: 'fail' });
    await expect.poll(() => run.getSnapshot().value).toBe('over');
  });
});

it('a question that a turn of the same commit takes back was never asked', async () => {
  const store = slowStore(memoryStore());
  let ask: (() => void) | undefined;
  const machine = hosting(async ({ step }) => {
    await new Promise<void>((resolve) => (ask = resolve));
    return step.waitForInput('sure', { prompt: 'Sure?' });
  });
  const runtime = createRuntime({ store, ...quiet });
  const starting = runtime.start(machine, { id: 'r' });
  await expect.poll(() => store.waiting).toBe(1);
  await store.letOne();
  const run = await starting;
  await expect.poll(() => ask).toBeDefined();
  const next = runtime.watchInputs().next();
  const sent = [run.send({ type: 'count' })];
  ask!();
  await nextJob();
  sent.push(run.send({ type: 'leave' }));
  await store.letAll();
  await Promise.all(sent);
  await nextJob();
  expect(run.pendingInputs).toEqual([]);
  await runtime.close();
  expect(await next).toEqual({ value: undefined, done: true });
});
