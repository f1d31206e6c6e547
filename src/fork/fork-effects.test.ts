/** What a fork makes of effects that were in flight. */
import { assign, fromPromise, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { overriding } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  fromDurable,
  onInterrupt,
  type DurableArgs,
  type RuntimeOptions,
  type Store,
} from '../index.ts';

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, logger: () => {}, ...options });
const patient = { timeout: 10_000 };

/** Steps that a test lets go: which began, under which id, and how often. */
function outside() {
  const began: string[] = [];
  const gates = new Map<string, () => void>();
  const work = (name: string, run: string): Promise<string> => {
    began.push(`${run} ${name}`);
    return new Promise((resolve) => gates.set(`${run} ${name}`, () => resolve(name)));
  };
  const end = async (what: string): Promise<void> => {
    await expect.poll(() => gates.has(what), patient).toBe(true);
    gates.get(what)!();
  };
  return { began, work, end };
}

/** A function of three steps, beside which turns are made. */
const stepping = ({ work }: ReturnType<typeof outside>) =>
  setup({
    types: typed<{ context: { ticks: number; result?: string }; events: { type: 'tick' } }>(),
    actors: {
      steps: fromDurable(async ({ step, effectId }: DurableArgs<unknown>) => {
        const run = effectId.split('/')[0]!;
        const one = await step('one', () => work('one', run));
        const two = await step('two', () => work('two', run));
        const three = await step('three', ({ effectId: id }) => work(`three ${id}`, run));
        return `${one} ${two} ${three}`;
      }),
    },
  }).createMachine({
    id: 'stepping',
    context: { ticks: 0 },
    initial: 'working',
    on: { tick: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
    states: {
      working: {
        invoke: {
          src: 'steps',
          id: 'steps',
          onDone: { target: 'over', actions: assign({ result: ({ event }) => event.output }) },
        },
      },
      over: {},
    },
  });

/** Takes what says when rows were written from the rows of journals, as they were before it was kept. */
const withoutStamps = (store: Store): Store =>
  overriding(store, {
    commit: (batch) =>
      store.commit(
        batch.map((one) => ({
          ...one,
          ...(one.put && {
            put: one.put.map((row) =>
              row.kind === 'step' ? { ...row, value: (row.value as string).replace(/^\d+ /, '') } : row,
            ),
          }),
        })),
      ),
  });

describe.each(stores)('an effect in flight, in a fork on %s', (_, make) => {
  it('does not do again what it had finished, and has an id of its own', async () => {
    const { began, work, end } = outside();
    const runtime = runtimeOn(make());
    const run = await runtime.start(stepping({ began, work, end }), { id: 'r' });
    await end('r one');
    await end('r two');
    await expect.poll(() => began.length, patient).toBe(3);
    const fork = await runtime.fork('r', { id: 'f' });
    await expect.poll(() => began.length, patient).toBe(4);
    expect(began).toEqual(['r one', 'r two', 'r three r/steps:1/three', 'f three f/steps:1/three']);
    await end('f three f/steps:1/three');
    await expect.poll(() => fork.getSnapshot().value, patient).toBe('over');
    expect(fork.getSnapshot()).toMatchObject({ context: { result: 'one two three f/steps:1/three' } });
    expect(run.getSnapshot().value).toBe('working');
    await end('r three r/steps:1/three');
    await expect.poll(() => run.getSnapshot().value, patient).toBe('over');
  });

  it('does again what it finished after an older checkpoint', async () => {
    const { began, work, end } = outside();
    const runtime = runtimeOn(make());
    const run = await runtime.start(stepping({ began, work, end }), { id: 'r' });
    await end('r one');
    await expect.poll(() => began.length, patient).toBe(2);
    await run.send({ type: 'tick' });
    await end('r two');
    await expect.poll(() => began.length, patient).toBe(3);
    await run.send({ type: 'tick' });
    await runtime.fork('r', { at: 1, id: 'f' });
    await expect.poll(() => began.length, patient).toBe(4);
    await runtime.fork('r', { at: 2, id: 'g' });
    await expect.poll(() => began.length, patient).toBe(5);
    // Finished between the two checkpoints: of the first, no turn was made since.
    expect(began.slice(3)).toEqual(['f two', 'g three g/steps:1/three']);
  });

  it('is found finished as far as it came, also where its effect has ended since', async () => {
    const { began, work, end } = outside();
    const runtime = runtimeOn(make());
    const run = await runtime.start(stepping({ began, work, end }), { id: 'r' });
    await end('r one');
    await expect.poll(() => began.length, patient).toBe(2);
    await run.send({ type: 'tick' });
    await end('r two');
    await end('r three r/steps:1/three');
    await run.settled();
    await runtime.fork('r', { at: 1, id: 'f' });
    await expect.poll(() => began.length, patient).toBe(4);
    expect(began.at(-1)).toBe('f two');
  });

  it('is read as well from rows that do not say when they were written', async () => {
    const store = make();
    const before = outside();
    const old = runtimeOn(withoutStamps(store));
    const run = await old.start(stepping(before), { id: 'r' });
    await run.send({ type: 'tick' });
    await before.end('r one');
    await expect.poll(() => before.began.length, patient).toBe(2);
    await old.close({ grace: 0 });
    const rows = await store.rows('r', 'step', {});
    expect(rows.map(({ value }) => (value as string)[0])).toEqual(['[']);
    const after = outside();
    const machine = stepping(after);
    const runtime = runtimeOn(store, { machines: [machine] });
    await runtime.fork('r', { id: 'f' });
    await runtime.open('r');
    await expect.poll(() => after.began.toSorted(), patient).toEqual(['f two', 'r two']);
  });

  it('is failed or asked about where its policy says so', async () => {
    const machine = setup({
      actors: {
        failing: onInterrupt(
          fromPromise(() => new Promise(() => {})),
          'fail',
        ),
        asking: onInterrupt(
          fromPromise(() => new Promise(() => {})),
          'ask',
        ),
      },
    }).createMachine({
      id: 'policies',
      type: 'parallel',
      states: {
        a: {
          initial: 'on',
          states: { on: { invoke: { src: 'failing', id: 'failing', onError: 'off' } }, off: {} },
        },
        b: {
          initial: 'on',
          states: { on: { invoke: { src: 'asking', id: 'asking', onDone: 'off' } }, off: {} },
        },
      },
    });
    const runtime = runtimeOn(make());
    const run = await runtime.start(machine, { id: 'r' });
    const fork = await runtime.fork('r', { id: 'f' });
    const [question] = await fork.waitForInput();
    expect(question).toMatchObject({ id: 'f/asking', choices: [{ action: 'rerun' }, { action: 'fail' }] });
    await fork.answer(question!.id, { action: 'output', output: 1 });
    await expect.poll(() => fork.getSnapshot().value, patient).toEqual({ a: 'off', b: 'off' });
    expect(run.getSnapshot().value).toEqual({ a: 'on', b: 'on' });
  });

  it('deep in the tree has its own id, and sleeps until when it did', async () => {
    const clock = new SimulatedClock();
    clock.set(0);
    const ids: string[] = [];
    const child = setup({
      actors: {
        nap: fromDurable(async ({ step, effectId }: DurableArgs<unknown>) => {
          ids.push(effectId);
          await step.sleep('nap', 1000);
        }),
      },
    }).createMachine({
      id: 'child',
      invoke: { src: 'nap', id: 'nap', onDone: '.up' },
      initial: 'down',
      states: { down: {}, up: {} },
    });
    const machine = setup({
      types: typed<{ events: { type: 'tick' } }>(),
      actors: { child },
    }).createMachine({
      id: 'parent',
      initial: 'a',
      states: { a: { on: { tick: 'b' } }, b: { invoke: { src: 'child', id: 'c%d' } } },
    });
    const runtime = runtimeOn(make(), { clock });
    const run = await runtime.start(machine, { id: 'r' });
    await run.send({ type: 'tick' });
    await expect.poll(async () => (await runtime.get('r')).status, patient).toBe('sleeping');
    clock.set(400);
    const fork = await runtime.fork('r', { id: 'f' });
    await expect.poll(async () => (await runtime.get('f')).status, patient).toBe('sleeping');
    expect(await runtime.get('f')).toMatchObject({ due: 1000 });
    expect(ids).toEqual(['r/c%25d/nap:2', 'f/c%25d/nap:1']);
    clock.set(1000);
    const { children } = fork.getSnapshot();
    await expect.poll(() => children['c%d']?.getSnapshot().value, patient).toBe('up');
  });

  it('is no custom action: those are the affair of the run that made the turn', async () => {
    let reports = 0;
    const machine = setup({
      types: typed<{ events: { type: 'tick' } }>(),
      actions: { report: () => new Promise(() => reports++) as never },
    }).createMachine({ id: 'reporting', on: { tick: { actions: 'report' } } });
    const runtime = runtimeOn(make());
    const run = await runtime.start(machine, { id: 'r' });
    await run.send({ type: 'tick' });
    await expect.poll(() => reports, patient).toBe(1);
    const fork = await runtime.fork('r');
    await fork.settled();
    expect(fork.status).toBe('idle');
    expect(reports).toBe(1);
  });
});
