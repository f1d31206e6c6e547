/** What TypeScript infers from a machine. `tsc` checks it with everything else; running it is a formality. */
import { createRuntime, durable } from 'savepoint';
import type { Receipt, Run, RunInfo, RunStatus, Runtime, StartOptions } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { createMachine, setup, waitFor } from 'xstate';
import type { Actor, SnapshotFrom } from 'xstate';
import { describe, expectTypeOf, it } from 'vitest';
import { typed } from './support/typed.ts';

const refund = setup({
  types: typed<{
    context: { amount: number; approvedBy: string | undefined };
    events: { type: 'approve'; by: string } | { type: 'refuse' };
    input: { amount: number };
    output: { paid: number };
    tags: 'waitingForInput';
  }>(),
}).createMachine({
  id: 'refund',
  context: ({ input }) => ({ amount: input.amount, approvedBy: undefined }),
  initial: 'review',
  states: {
    review: { tags: ['waitingForInput'], on: { approve: 'paid', refuse: 'paid' } },
    paid: { type: 'final' },
  },
  output: ({ context }) => ({ paid: context.amount }),
});

const optional = setup({
  types: typed<{ context: { from: number }; input: { from: number } | undefined }>(),
}).createMachine({ id: 'optional', context: ({ input }) => ({ from: input?.from ?? 0 }) });

const plain = createMachine({ id: 'plain' });

/** What it is given is only checked, never called. */
const checked: (code: (runtime: Runtime, run: Run<typeof refund>) => unknown) => void = () => {};

describe('a run', () => {
  it('knows its machine', () => {
    checked((runtime, run) => {
      expectTypeOf(runtime.start(refund, { input: { amount: 1 } })).resolves.toEqualTypeOf<
        Run<typeof refund>
      >();
      expectTypeOf(runtime.open(refund, 'r-42')).resolves.toEqualTypeOf<Run<typeof refund>>();
      expectTypeOf(runtime.ensure(refund, { id: 'r-42', input: { amount: 1 } })).resolves.toEqualTypeOf<
        Run<typeof refund>
      >();
      expectTypeOf(
        durable(refund, { store: memoryStore(), id: 'r-42', input: { amount: 1 } }),
      ).resolves.toEqualTypeOf<Run<typeof refund>>();
      expectTypeOf(run.machine).toEqualTypeOf<typeof refund>();
      expectTypeOf(run.actor).toEqualTypeOf<Actor<typeof refund>>();
    });
  });

  it('knows its context, state value and output', () => {
    checked(async (_, run) => {
      const snapshot = run.getSnapshot();
      expectTypeOf(snapshot).toEqualTypeOf<SnapshotFrom<typeof refund>>();
      expectTypeOf(snapshot.context).toEqualTypeOf<{ amount: number; approvedBy: string | undefined }>();
      expectTypeOf(snapshot.value).toEqualTypeOf<'review' | 'paid'>();
      expectTypeOf(run.done()).resolves.toEqualTypeOf<{ paid: number }>();
      run.subscribe(({ context }) => expectTypeOf(context.amount).toEqualTypeOf<number>());
      run.subscribe({ next: ({ value }) => expectTypeOf(value).toEqualTypeOf<'review' | 'paid'>() });
      // @ts-expect-error -- there is no such thing in the context
      expectTypeOf(snapshot.context.price).toBeAny();
      // @ts-expect-error -- no such state
      snapshot.matches('waiting');
      // @ts-expect-error -- no such tag
      snapshot.hasTag('late');
      const waited = await waitFor(run.actor, ({ context }) => context.amount > 0);
      expectTypeOf(waited.context.amount).toEqualTypeOf<number>();
    });
  });

  it('takes the events of its machine, and no others', () => {
    checked(async (_, run) => {
      expectTypeOf(run.send({ type: 'approve', by: 'ann@example.com' })).resolves.toEqualTypeOf<Receipt>();
      await run.send({ type: 'refuse' }, { id: 'click-7', by: 'ann@example.com', required: true });
      run.actor.send({ type: 'refuse' });
      // @ts-expect-error -- no such event
      await run.send({ type: 'aprove', by: 'ann@example.com' });
      // @ts-expect-error -- `by` is missing
      await run.send({ type: 'approve' });
      // @ts-expect-error -- `by` is a string
      await run.send({ type: 'approve', by: 5 });
      // @ts-expect-error -- an event is an object
      await run.send('refuse');
      // @ts-expect-error -- no such option
      await run.send({ type: 'refuse' }, { key: 'click-7' });
      // @ts-expect-error -- no such event
      run.actor.send({ type: 'aprove' });
    });
  });

  it('that was opened by its id alone takes any event, and shows an unknown context', () => {
    checked(async (runtime) => {
      const run = await runtime.open('r-42');
      await run.send({ type: 'anything', at: 5 });
      expectTypeOf(run.status).toEqualTypeOf<RunStatus>();
    });
  });

  it('may be passed on as any run', () => {
    checked((runtime, run) => {
      const close = (one: Run): Promise<void> => one.release();
      return [close(run), runtime.start(plain).then(close)];
    });
  });
});

describe('input', () => {
  it('is required where the machine requires it', () => {
    checked((runtime) => {
      void runtime.start(refund, { id: 'r-42', input: { amount: 90 } });
      // @ts-expect-error -- no options, so no input
      void runtime.start(refund);
      // @ts-expect-error -- no input
      void runtime.start(refund, { id: 'r-42' });
      // @ts-expect-error -- the wrong input
      void runtime.start(refund, { id: 'r-42', input: { amount: '90' } });
      // @ts-expect-error -- too much input
      void runtime.start(refund, { id: 'r-42', input: { amount: 90, currency: 'EUR' } });
      // @ts-expect-error -- no input
      void runtime.ensure(refund, { id: 'r-42' });
      // @ts-expect-error -- no input
      void durable(refund, { store: memoryStore(), id: 'r-42' });
    });
  });

  it('may be left out where it may be undefined, or where there is none', () => {
    checked((runtime) => {
      void runtime.start(optional);
      void runtime.start(optional, { id: 'o-1' });
      void runtime.start(optional, { input: { from: 5 } });
      void runtime.start(plain);
      void runtime.start(plain, { id: 'p-1', tags: ['vip'] });
      void runtime.ensure(optional, { id: 'o-1' });
      void durable(plain, { store: memoryStore(), id: 'p-1' });
      // @ts-expect-error -- the wrong input
      void runtime.start(optional, { input: { from: '5' } });
      expectTypeOf<StartOptions<typeof refund>['input']>().toEqualTypeOf<{ amount: number }>();
    });
  });
});

describe('options', () => {
  it('need what cannot be guessed, and refuse what does not exist', () => {
    checked((runtime) => {
      // @ts-expect-error -- a store is needed
      createRuntime({});
      // @ts-expect-error -- ensure needs the run's id
      void runtime.ensure(plain, {});
      // @ts-expect-error -- durable needs it, too
      void durable(plain, { store: memoryStore() });
      // @ts-expect-error -- not one of the three
      createRuntime({ store: memoryStore(), durability: 'never' });
      // @ts-expect-error -- tags are strings
      void runtime.start(plain, { tags: [5] });
      // @ts-expect-error -- metadata is flat
      void runtime.start(plain, { metadata: { customer: { id: 'c-7' } } });
      // @ts-expect-error -- not a status
      runtime.list({ status: 'asleep' });
      // @ts-expect-error -- the machine comes first
      void runtime.open('r-42', refund);
    });
  });

  it('of a list are the words of a run', () => {
    checked((runtime) => {
      expectTypeOf(runtime.get('r-42')).resolves.toEqualTypeOf<RunInfo>();
      for (const status of ['idle', 'done'] as const) runtime.list({ status });
      runtime.list({
        status: ['idle', 'done'],
        machine: 'refund',
        tag: 'vip',
        metadata: { shop: 'Nordlicht' },
      });
    });
  });
});

it('machines of all kinds may be registered together', () => {
  checked(() => createRuntime({ store: memoryStore(), machines: [refund, optional, plain] }));
});
