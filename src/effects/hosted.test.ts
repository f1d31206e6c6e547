/** Effects as a run hosts them: ids, journals, policies. */
import { assign, fromCallback, fromPromise, setup, type PromiseActorLogic } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { mortalStore, nextJob, overriding, type MortalStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  currentEffect,
  fromDurable,
  InterruptedError,
  NotSerializableError,
  onInterrupt,
  type Store,
} from '../index.ts';

const context = { output: undefined as unknown, error: undefined as unknown };

/** A machine that invokes one actor, named `work`, and keeps what becomes of it. */
const invoking = <TOutput>(work: PromiseActorLogic<TOutput>) =>
  setup({
    types: typed<{ context: typeof context; events: { type: 'again' } }>(),
    actors: { work: work as PromiseActorLogic<unknown> },
  }).createMachine({
    id: 'invoking',
    context,
    initial: 'working',
    states: {
      working: {
        invoke: {
          src: 'work',
          id: 'work',
          input: {},
          onDone: { target: 'over', actions: assign({ output: ({ event }) => event.output }) },
          onError: { target: 'over', actions: assign({ error: ({ event }) => event.error }) },
        },
      },
      over: { on: { again: 'working' } },
    },
  });

/** A store over which a process dies, and what is left of it. */
function mortal(behind: Store): { store: MortalStore; behind: Store } {
  return { store: mortalStore(behind), behind };
}

const short = { lease: 250 };
const patient = { wait: 2000 };

describe.each(stores)('an effect on %s', (_, make) => {
  it('gives a copy of what its function is given the signal as well', async () => {
    let signal: AbortSignal | undefined;
    const machine = invoking(
      fromPromise((args) => {
        ({ signal } = { ...args });
        return new Promise(() => {});
      }),
    );
    const run = await createRuntime({ store: make() }).start(machine, { id: 'r' });
    await nextJob();
    expect(signal?.aborted).toBe(false);
    await run.release();
    expect(signal?.aborted).toBe(true);
  });

  it('has one id for all its attempts, and another when it is invoked again', async () => {
    const { store, behind } = mortal(make());
    const seen: unknown[] = [];
    const machine = (result: () => Promise<unknown>) =>
      invoking(
        fromPromise(async (args) => {
          const { effectId, attempt } = args as unknown as { effectId: string; attempt: number };
          await Promise.resolve();
          seen.push([effectId, attempt, currentEffect()?.effectId]);
          return result();
        }),
      );
    await createRuntime({ store, limits: short }).start(
      machine(() => new Promise(() => {})),
      { id: 'r' },
    );
    await nextJob();
    store.die();
    const run = await createRuntime({ store: behind }).open(
      machine(async () => 1),
      'r',
      patient,
    );
    await run.settled();
    await run.send({ type: 'again' });
    await run.settled();
    expect(seen).toEqual([
      ['r/work:1', 1, 'r/work:1'],
      ['r/work:1', 2, 'r/work:1'],
      ['r/work:3', 1, 'r/work:3'],
    ]);
  });

  it('journals its steps: those that are finished are not run again', async () => {
    const { store, behind } = mortal(make());
    const seen: string[] = [];
    const work = (last: () => unknown) =>
      invoking(
        fromDurable(async ({ step }) => {
          const a = await step('a', ({ effectId }) => (seen.push(effectId), new Date(1)));
          const [b, c] = await Promise.all([
            step('b', () => (seen.push('b'), 2)),
            step('c', () => (seen.push('c'), 3)),
          ]);
          const d = await step('d', last);
          return [a, b, c, d];
        }),
      );
    await createRuntime({ store, limits: short }).start(
      work(() => (seen.push('d'), new Promise(() => {}))),
      { id: 'r' },
    );
    await expect.poll(() => seen).toEqual(['r/work:1/a', 'b', 'c', 'd']);
    store.die();
    const run = await createRuntime({ store: behind }).open(
      work(() => (seen.push('d'), 4)),
      'r',
      patient,
    );
    await expect.poll(() => run.getSnapshot().context.output).toEqual([new Date(1), 2, 3, 4]);
    expect(seen).toEqual(['r/work:1/a', 'b', 'c', 'd', 'd']);
  });

  it('leaves no journal behind where no earlier checkpoint is kept', async () => {
    const machine = invoking(
      fromDurable(async ({ step }) => {
        await step('a', () => 1);
        return step('b', () => 2);
      }),
    );
    for (const history of ['append', 'replace'] as const) {
      const store = make();
      const run = await createRuntime({ store, history }).start(machine, { id: 'r' });
      await expect.poll(() => run.getSnapshot().context.output).toBe(2);
      expect(await store.rows('r', 'step', {})).toHaveLength(history === 'append' ? 2 : 0);
    }
  });

  it('that sleeps leaves its run at rest, and goes on when it is due', async () => {
    const store = make();
    const machine = invoking(
      fromDurable(async ({ step }) => {
        const before = await step('now', () => Date.now());
        await step.sleep('nap', 60);
        return Date.now() - before;
      }),
    );
    const runtime = createRuntime({ store, machines: [machine] });
    const run = await runtime.start(machine, { id: 'r' });
    await run.settled();
    expect(run.status).toBe('sleeping');
    const { due, status } = await runtime.get('r');
    expect(status).toBe('sleeping');
    expect(due).toBeGreaterThan(Date.now() - 60);
    await run.release();
    const again = await runtime.open(machine, 'r');
    await expect.poll(() => again.getSnapshot().context.output).toBeGreaterThan(50);
  });

  it('that gives what cannot be stored fails with that, and its run lives', async () => {
    const machine = invoking(fromDurable(async ({ step }) => step('bad', () => () => {})));
    const run = await createRuntime({ store: make() }).start(machine, { id: 'r' });
    await expect.poll(() => run.getSnapshot().context.error).toBeInstanceOf(NotSerializableError);
    expect(run.getSnapshot().context.error).toMatchObject({ path: "step('bad')" });
  });
});

describe('an effect that was cut off', () => {
  async function reopened(policy: 'rerun' | 'fail' | 'ask') {
    const { store, behind } = mortal(memoryStore());
    let calls = 0;
    const machine = (result: () => Promise<unknown>) =>
      invoking(
        onInterrupt(
          fromPromise(async () => {
            calls++;
            return result();
          }),
          policy,
        ),
      );
    await createRuntime({ store, limits: short }).start(
      machine(() => new Promise(() => {})),
      { id: 'r' },
    );
    store.die();
    const runtime = createRuntime({ store: behind, machines: [machine(async () => 'done')] });
    const run = await runtime.open(
      machine(async () => 'done'),
      'r',
      patient,
    );
    return { runtime, run, calls: () => calls, context: () => run.getSnapshot().context };
  }

  it('runs again unless told otherwise', async () => {
    const { run, calls, context } = await reopened('rerun');
    await run.settled();
    expect(calls()).toBe(2);
    expect(context().output).toBe('done');
  });

  it('fails by its policy', async () => {
    const { run, calls, context } = await reopened('fail');
    await run.settled();
    expect(calls()).toBe(1);
    expect(context().error).toBeInstanceOf(InterruptedError);
    expect(context().error).toMatchObject({ effectId: 'r/work:1' });
  });

  it('asks by its policy, and runs again when it is told to', async () => {
    const { run, calls, context } = await reopened('ask');
    await run.settled();
    expect(run.status).toBe('waitingForInput');
    expect(run.pendingInputs).toMatchObject([{ id: 'r/work', actor: 'work' }]);
    expect(calls()).toBe(1);
    await expect(run.answer('r/work', { action: 'guess' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await run.answer('r/work', { action: 'rerun' }, { by: 'ann@example.com' });
    await run.settled();
    expect(calls()).toBe(2);
    expect(context().output).toBe('done');
  });

  it('asks by its policy, and takes the answer for its output', async () => {
    const { runtime, run, calls, context } = await reopened('ask');
    await run.answer('r/work', { action: 'output', output: 'by hand' }, { by: 'ann@example.com' });
    expect(context().output).toBe('by hand');
    expect(calls()).toBe(1);
    await run.settled();
    expect(run.pendingInputs).toEqual([]);
    expect(await runtime.recordOf('r/work')).toMatchObject({ status: 'answered', by: 'ann@example.com' });
  });

  it('asks by its policy, over a restart under the same id, and fails when it is told to', async () => {
    const { runtime, run } = await reopened('ask');
    await run.release();
    const again = await runtime.open('r');
    expect(again.pendingInputs.map(({ id }) => id)).toEqual(['r/work']);
    await again.answer('r/work', { action: 'fail' });
    expect(again.getSnapshot().context.error).toBeInstanceOf(InterruptedError);
  });

  it('is no promise: an output is not for it', async () => {
    const { store, behind } = mortal(memoryStore());
    const machine = setup({
      actors: {
        listen: onInterrupt(
          fromCallback(() => {}),
          'ask',
        ),
      },
    }).createMachine({
      id: 'listening',
      invoke: { src: 'listen', id: 'listen' },
    });
    await createRuntime({ store, limits: short }).start(machine, { id: 'r' });
    store.die();
    const run = await createRuntime({ store: behind }).open(machine, 'r', patient);
    await expect(run.answer('r/listen', { action: 'output' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    await run.answer('r/listen', { action: 'rerun' });
    expect(run.status).toBe('running');
  });

  it('only waited: a policy is not for it', async () => {
    const { store, behind } = mortal(memoryStore());
    const machine = invoking(
      fromDurable(async ({ step }) => (await step.sleep('nap', 100), 'awake'), { onInterrupt: 'fail' }),
    );
    const first = await createRuntime({ store, limits: short }).start(machine, { id: 'r' });
    await first.settled();
    store.die();
    const run = await createRuntime({ store: behind }).open(machine, 'r', patient);
    await expect.poll(() => run.getSnapshot().context.output).toBe('awake');
  });
});

it('code that runs for no effect has none', () => {
  expect(currentEffect()).toBeUndefined();
});

it('a step has an id of its own, which code deep inside can find', async () => {
  const machine = invoking(
    fromDurable(async ({ step }) => {
      const inside = await step('pay', async () => {
        await Promise.resolve();
        return currentEffect()?.effectId;
      });
      return [inside, currentEffect()?.effectId];
    }),
  );
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  await expect.poll(() => run.getSnapshot().context.output).toEqual(['r/work:1/pay', 'r/work:1']);
});

it.each([false, true])(
  'a step does not begin where another took the run meanwhile, lease renewed: %s',
  async (isRenewed) => {
    const store = memoryStore();
    let open!: () => void;
    const begun: string[] = [];
    const machineOf = (who: string, gate: Promise<void>) =>
      invoking(
        fromDurable(async ({ step }) => {
          await step('first', () => void begun.push(`${who} first`));
          await gate;
          await step('second', () => void begun.push(`${who} second`));
        }),
      );
    // Its lease is taken once, and then the store is out of reach for renewals.
    let leases = 0;
    let isBack = false;
    const behind = overriding(store, {
      lease: (owner, ms) => {
        if (leases++ > 0 && !isBack) throw new Error('out of reach');
        return store.lease(owner, ms);
      },
    });
    const stale = createRuntime({ store: behind, limits: short, logger: () => {} });
    await stale.start(machineOf('stale', new Promise((resolve) => (open = resolve))), { id: 'r' });
    await expect.poll(() => begun).toEqual(['stale first']);
    const run = await createRuntime({ store }).open(machineOf('new', Promise.resolve()), 'r', patient);
    await expect.poll(() => begun).toEqual(['stale first', 'new second']);
    isBack = isRenewed;
    // In this time it is renewed, or is not.
    await new Promise((resolve) => setTimeout(resolve, short.lease));
    open();
    await run.settled();
    await nextJob();
    expect(begun).toEqual(['stale first', 'new second']);
  },
);
