/** What a fork makes of questions that were open. */
import { assign, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  fromDurable,
  inputRequest,
  type DurableArgs,
  type RuntimeOptions,
  type Store,
} from '../index.ts';

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, logger: () => {}, ...options });
const patient = { timeout: 10_000 };

describe.each(stores)('an open question, in a fork on %s', (_, make) => {
  const asking = setup({
    types: typed<{
      context: { answers: unknown[] };
      events: { type: 'again' } | { type: 'review'; ok: boolean };
    }>(),
    actors: { approval: inputRequest() },
    actions: {
      keep: assign({ answers: ({ context, event }) => [...context.answers, Object.values(event)[1]] }),
    },
  }).createMachine({
    id: 'asking',
    context: { answers: [] },
    type: 'parallel',
    states: {
      actor: {
        initial: 'open',
        states: {
          open: {
            invoke: {
              src: 'approval',
              id: 'approval',
              input: { prompt: 'Approve?', deadline: 5000, default: 'nobody' },
              onDone: { target: 'closed', actions: 'keep' },
            },
            on: { again: { target: 'open', reenter: true } },
          },
          closed: {},
        },
      },
      state: {
        initial: 'open',
        states: { open: { tags: 'waitingForInput', on: { review: 'closed' } }, closed: {} },
      },
    },
  });

  const clockAtZero = (): SimulatedClock => {
    const clock = new SimulatedClock();
    clock.set(0);
    return clock;
  };

  it('is asked anew under an id of its own, and each is answered alone', async () => {
    const runtime = runtimeOn(make(), { clock: clockAtZero() });
    const run = await runtime.start(asking, { id: 'r' });
    await run.send({ type: 'again' });
    const fork = await runtime.fork('r', { id: 'f' });
    const ids = (of: typeof run | typeof fork): string[] => of.pendingInputs.map(({ id }) => id).toSorted();
    expect(ids(fork)).toEqual(['f/approval', 'f:asking.state.open']);
    expect(ids(run)).toEqual(['r/approval#2', 'r:asking.state.open']);
    const all: string[] = [];
    for await (const { id } of runtime.inputs()) all.push(id);
    expect(all.toSorted()).toEqual([...ids(fork), ...ids(run)]);
    await runtime.answer('f/approval', 'yes');
    await runtime.answer('f:asking.state.open', { type: 'review', ok: true });
    expect(fork.getSnapshot().value).toEqual({ actor: 'closed', state: 'closed' });
    expect(run.getSnapshot().value).toEqual({ actor: 'open', state: 'open' });
    await runtime.answer('r/approval#2', 'no');
    expect(run.getSnapshot()).toMatchObject({ context: { answers: ['no'] } });
  });

  it('has its deadline, by its own id, also over a restart', async () => {
    const clock = clockAtZero();
    const store = make();
    const runtime = runtimeOn(store, { clock, machines: [asking] });
    await runtime.start(asking, { id: 'r' });
    const fork = await runtime.fork('r', { id: 'f' });
    expect(fork.pendingInputs.find(({ id }) => id === 'f/approval')).toMatchObject({ deadline: 5000 });
    await fork.release();
    clock.set(5000);
    const again = await runtime.open('f');
    await expect.poll(() => again.getSnapshot().value, patient).toMatchObject({ actor: 'closed' });
    expect(again.getSnapshot()).toMatchObject({ context: { answers: ['nobody'] } });
    expect(await runtime.recordOf('f/approval')).toMatchObject({ status: 'expired' });
  });

  it('past its deadline fails by the id that it has in the fork', async () => {
    const clock = clockAtZero();
    const machine = setup({
      types: typed<{ context: { error?: unknown } }>(),
      actors: { approval: inputRequest() },
    }).createMachine({
      id: 'strict',
      context: {},
      initial: 'open',
      states: {
        open: {
          invoke: {
            src: 'approval',
            id: 'approval',
            input: { deadline: 5000 },
            onError: { target: 'late', actions: assign({ error: ({ event }) => event.error }) },
          },
        },
        late: {},
      },
    });
    const runtime = runtimeOn(make(), { clock });
    await runtime.start(machine, { id: 'r' });
    const fork = await runtime.fork('r', { id: 'f' });
    clock.set(5000);
    await expect.poll(() => fork.getSnapshot().value, patient).toBe('late');
    expect(fork.getSnapshot().context).toMatchObject({ error: { input: 'f/approval' } });
  });

  it('that was answered since is open again where an earlier checkpoint is forked', async () => {
    const runtime = runtimeOn(make(), { clock: clockAtZero() });
    const run = await runtime.start(asking, { id: 'r' });
    await run.answer('r/approval', 'yes', { by: 'ann' });
    const fork = await runtime.fork('r', { at: 1, id: 'f' });
    expect(fork.pendingInputs.map(({ id }) => id)).toContain('f/approval');
    expect(await runtime.recordOf('r/approval')).toMatchObject({ status: 'answered', by: 'ann' });
  });

  it('of a step is asked anew, too', async () => {
    const machine = setup({
      actors: {
        steps: fromDurable(async ({ step }: DurableArgs<unknown>) => {
          await step('before', () => 1);
          return step.waitForInput('sure', { prompt: 'Sure?' });
        }),
      },
    }).createMachine({ id: 'steps', invoke: { src: 'steps', id: 'steps' } });
    const runtime = runtimeOn(make());
    const run = await runtime.start(machine, { id: 'r' });
    const [asked] = await run.waitForInput();
    const fork = await runtime.fork('r', { id: 'f' });
    const [again] = await fork.waitForInput();
    expect(again).toMatchObject({ prompt: 'Sure?', id: asked!.id.replace('r/', 'f/') });
    await fork.answer(again!.id, true);
    await fork.settled();
    expect(fork.pendingInputs).toEqual([]);
    expect(run.pendingInputs.map(({ id }) => id)).toEqual([asked!.id]);
  });
});
