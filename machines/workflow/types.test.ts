/** What TypeScript infers from a workflow. `tsc` checks it with everything else; running it is a formality. */
import { createActor, createMachine, fromPromise, type InputFrom, type OutputFrom } from 'xstate';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createRuntime, fromDurable, type DurableArgs, type Run } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { workflow } from './workflow.ts';

const charge = fromDurable(async ({ input }: DurableArgs<{ amount: number }>) => ({
  receipt: `${input.amount}`,
}));
const count = fromPromise(async ({ input }: { input: string }) => input.length);
const input = z.object({ amount: z.number(), lines: z.array(z.object({ sku: z.string() })) });

const order = workflow({
  id: 'order',
  input,
  nodes: (flow) =>
    flow
      .task('first', { input: ({ input }) => input.amount, run: async ({ input }) => input > 1 })
      .task('charge', { after: ['first'], input: ({ input }) => ({ amount: input.amount }), run: charge })
      .map('lines', {
        over: ({ input }) => input.lines,
        run: async ({ input, index }) => `${input.sku}${index}`,
      })
      .choice('size', {
        after: ['charge'],
        routes: { large: ({ results }) => results.charge.receipt === '', small: true },
      })
      .question('ask', { after: ['size:large'], ask: { prompt: '?' }, schema: z.object({ ok: z.boolean() }) })
      .task('skipped', { after: ['first'], run: async () => 1, onError: 'skip' })
      .task('routed', { after: ['first'], run: async () => 'fine' as const, onError: 'route' })
      .waitFor('paid', { event: 'paid', schema: z.object({ type: z.literal('paid'), sum: z.number() }) })
      .transform('one', {
        after: ['ask'],
        run: ({ results }) => {
          expectTypeOf(results).toEqualTypeOf<{ readonly ask: { ok: boolean } }>();
          return 1;
        },
      })
      .transform('several', {
        after: ['charge', 'ask', 'skipped', 'lines', 'size:small', 'routed', 'routed:error'],
        run: ({ results, input }) => {
          expectTypeOf(input.amount).toEqualTypeOf<number>();
          expectTypeOf(results.charge).toEqualTypeOf<{ receipt: string }>();
          expectTypeOf(results.lines).toEqualTypeOf<string[]>();
          expectTypeOf(results.ask).toEqualTypeOf<{ ok: boolean } | undefined>();
          expectTypeOf(results.skipped).toEqualTypeOf<number | undefined>();
          expectTypeOf(results.size).toEqualTypeOf<'small' | undefined>();
          expectTypeOf(results.routed).toBeUnknown();
          // @ts-expect-error -- it does not come after that
          expectTypeOf(results.paid).toBeAny();
          return [results.charge];
        },
      })
      .join('any', { after: ['one', 'several'], wait: 'any' })
      .loop('loop', {
        after: ['any'],
        input: ({ results }) => {
          expectTypeOf(results.any).toEqualTypeOf<
            Partial<{ readonly one: number | undefined; readonly several: { receipt: string }[] }>
          >();
          return 1;
        },
        run: async ({ input }) => input + 1,
        until: ({ output }) => output > 3,
      })
      .subflow('sub', { after: ['loop'], run: createMachine({}) }),
  output: ({ results, input }) => ({
    looped: results.loop,
    ask: results.ask,
    sum: results.paid.sum,
    of: input.amount,
  }),
});

describe('a workflow', () => {
  it('knows its input, output and events', () => {
    expectTypeOf<InputFrom<typeof order>>().toEqualTypeOf<z.input<typeof input>>();
    expectTypeOf<OutputFrom<typeof order>>().toEqualTypeOf<{
      looped: number;
      ask: { ok: boolean } | undefined;
      sum: number;
      of: number;
    }>();
    const checked: (code: () => unknown) => void = () => {};
    checked(async () => {
      const runtime = createRuntime({ store: memoryStore() });
      const run = await runtime.start(order, { input: { amount: 1, lines: [] } });
      expectTypeOf(run).toEqualTypeOf<Run<typeof order>>();
      await run.send({ type: 'paid', sum: 3 });
      // @ts-expect-error -- no node waits for that
      await run.send({ type: 'unpaid' });
      // @ts-expect-error -- the sum is a number
      await run.send({ type: 'paid', sum: '3' });
      // @ts-expect-error -- it needs an input
      createActor(order);
    });
  });

  it('refuses what does not fit', () => {
    const checked: (code: () => unknown) => void = () => {};
    checked(() =>
      workflow({
        id: 'bad',
        nodes: (flow) =>
          flow
            .task('a', { run: async () => 1 })
            // @ts-expect-error -- there is one already
            .task('a', { run: async () => 1 })
            // @ts-expect-error -- there is no such node
            .task('b', { after: ['nobody'], run: async () => 1 })
            // @ts-expect-error -- its error fails the flow
            .task('c', { after: ['a:error'], run: async () => 1 })
            // @ts-expect-error -- it needs an input
            .task('d', { after: ['a'], run: count })
            // @ts-expect-error -- it needs another input
            .task('e', { after: ['a'], input: ({ results }) => results.a, run: count }),
      }),
    );
  });
});
