import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  type PromiseActorLogic,
  setup,
  SimulatedClock,
  toPromise,
  waitFor,
} from 'xstate';
import { calm, never, timersOf } from '../../test/support/effect-life.ts';
import { InvalidArgumentError } from '../errors.ts';
import { kindOf } from '../xstate/kinds.ts';
import type { DurableArgs } from './durable-function.ts';
import { fromDurable } from './from-durable.ts';
import { type InterruptPolicy, policyOf, onInterrupt } from './policy.ts';
import { isStepProgress } from './progress.ts';

const double = fromDurable(async ({ input, step }: DurableArgs<{ amount: number }>) => {
  const twice = await step('double', () => input.amount * 2);
  return step('label', async () => ({ text: `${twice} €` }));
});

describe('fromDurable, without a run,', () => {
  test('is an actor that gives what its function gives', async () => {
    const actor = createActor(double, { input: { amount: 21 } }).start();
    expect(await toPromise(actor)).toEqual({ text: '42 €' });
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', output: { text: '42 €' } });
  });

  test('infers input and output from the function', () => {
    expectTypeOf(double).toEqualTypeOf<PromiseActorLogic<{ text: string }, { amount: number }>>();
    expectTypeOf(fromDurable(async () => 7)).toEqualTypeOf<PromiseActorLogic<number>>();
  });

  test('infers the answer from the schema of the question', () => {
    interface Schema {
      readonly '~standard': {
        readonly types?: { readonly input: unknown; readonly output: { ok: boolean } };
      };
    }
    fromDurable(async ({ step }) => {
      const schema: Schema = { '~standard': {} };
      expectTypeOf(await step.waitForInput('approve', { prompt: 'Pay?', schema })).toEqualTypeOf<{
        ok: boolean;
      }>();
      expectTypeOf(await step.waitForInput('any', { prompt: 'Pay?' })).toBeUnknown();
    });
  });

  test('fails with what its function throws', async () => {
    const logic = fromDurable(async ({ step }) => {
      await step('pay', () => Promise.reject(new Error('declined')));
    });
    const actor = createActor(logic);
    actor.subscribe({ error() {} });
    actor.start();
    await expect(toPromise(actor)).rejects.toThrow('declined');
  });

  test('runs in a machine, which may provide another logic in its place', async () => {
    const machine = setup({ types: { context: {} as { text: string } }, actors: { double } }).createMachine({
      id: 'order',
      context: { text: '' },
      initial: 'working',
      states: {
        working: {
          invoke: {
            src: 'double',
            input: { amount: 5 },
            onDone: { target: 'ready', actions: assign({ text: ({ event }) => event.output.text }) },
          },
        },
        ready: {},
      },
    });
    const fake = fromPromise(async ({ input }: { input: { amount: number } }) => ({
      text: `fake ${input.amount}`,
    }));
    for (const [logic, text] of [
      [machine, '10 €'],
      [machine.provide({ actors: { double: fake } }), 'fake 5'],
    ] as const) {
      const actor = createActor(logic).start();
      expect((await waitFor(actor, ({ value }) => value === 'ready')).context.text).toBe(text);
    }
  });

  test('gives its function what a promise actor has, and the id of the actor as effect id', async () => {
    const logic = fromDurable(async ({ input, effectId, attempt, self, system, signal, step }) => {
      expect(system.get('payer')).toBe(self);
      return [input, effectId, attempt, signal.aborted, await step('id', (args) => args.effectId)];
    });
    const actor = createActor(logic, { id: 'pay', systemId: 'payer', input: 'x' }).start();
    expect(await toPromise(actor)).toEqual(['x', 'pay', 1, false, 'pay/id']);
  });

  test('gives a copy of its arguments all that they have, the signal as well', async () => {
    let copy: Partial<DurableArgs<unknown>> = {};
    const actor = createActor(
      fromDurable(async (args: DurableArgs<unknown>) => {
        copy = { ...args };
        await args.step.sleep('long', 100_000);
      }),
    ).start();
    await calm();
    expect(Object.keys(copy).toSorted()).toEqual(
      ['attempt', 'effectId', 'input', 'self', 'signal', 'step', 'system'].toSorted(),
    );
    actor.stop();
    expect(copy.signal?.aborted).toBe(true);
  });

  test('emits the progress of its steps', async () => {
    const logic = fromDurable(({ step }) => step('load', ({ progress }) => progress(0.5)));
    const actor = createActor(logic);
    const seen: unknown[] = [];
    actor.on('progress', (event) => {
      if (isStepProgress(event)) seen.push([event.step, event.value]);
    });
    await toPromise(actor.start());
    expect(seen).toEqual([['load', 0.5]]);
  });

  test('sleeps by the clock of its actor', async () => {
    const clock = new SimulatedClock();
    const actor = createActor(
      fromDurable(({ step }) => step.sleep('nap', 1000)),
      { clock },
    ).start();
    await calm();
    clock.increment(999);
    await calm();
    expect(actor.getSnapshot().status).toBe('active');
    clock.increment(1);
    await toPromise(actor);
  });

  test('sleeps by the clock of the system where that of its actor does not tell the time', async () => {
    await toPromise(createActor(fromDurable(({ step }) => step.sleep('nap', 5))).start());
  });

  test('stops with its actor', async () => {
    const clock = new SimulatedClock();
    let went = false;
    const logic = fromDurable(async ({ step }) => {
      await step.sleep('nap', 1000);
      went = true;
    });
    const actor = createActor(logic, { clock }).start();
    await calm();
    actor.stop();
    expect(timersOf(clock)).toBe(0);
    clock.increment(1000);
    await calm();
    expect(went).toBe(false);
  });

  test('tells that a question needs a run', async () => {
    const actor = createActor(fromDurable(({ step }) => step.waitForInput('approve', { prompt: 'Pay?' })));
    actor.subscribe({ error() {} });
    actor.start();
    await expect(toPromise(actor)).rejects.toThrow("Nobody can answer the question 'approve'");
  });

  test('takes a function, and nothing else', () => {
    expect(() => fromDurable('work' as never)).toThrow(InvalidArgumentError);
  });
});

describe('a policy for interruptions', () => {
  test('is an option of fromDurable', () => {
    expect(policyOf(fromDurable(() => never<void>(), { onInterrupt: 'ask' }))).toBe('ask');
    expect(policyOf(fromDurable(() => never<void>()))).toBe('rerun');
  });

  test.for(['rerun', 'fail', 'ask'] as const)('is put on a copy of any logic: %s', (policy) => {
    const logics = [
      fromPromise(() => Promise.resolve(1)),
      fromCallback(() => {}),
      createMachine({ id: 'm', initial: 'a', states: { a: {} } }),
      double,
    ];
    for (const logic of logics) {
      const copy = onInterrupt(logic, policy);
      expect(policyOf(copy)).toBe(policy);
      expect(policyOf(logic)).toBe('rerun');
      expect(kindOf(copy as never)).toBe(kindOf(logic as never));
      expect(createActor(copy as typeof double, { input: { amount: 1 } }).getSnapshot().status).toBe(
        'active',
      );
    }
  });

  test('keeps the type of the logic', () => {
    expectTypeOf(onInterrupt(double, 'ask')).toEqualTypeOf<typeof double>();
  });

  test('is one of three', () => {
    for (const policy of ['never', undefined, Symbol('rerun')]) {
      expect(() => onInterrupt(double, policy as InterruptPolicy)).toThrow(InvalidArgumentError);
    }
    expect(() => fromDurable(() => never<void>(), { onInterrupt: 'never' as InterruptPolicy })).toThrow(
      "'onInterrupt' is one of rerun, fail, ask; it was never.",
    );
  });
});
