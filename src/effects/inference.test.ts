/** What TypeScript infers of durable functions, questions and letters: without a cast, and without a type argument. */
import { assign, fromPromise, setup } from 'xstate';
import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { typed } from '../../test/support/typed.ts';
import { fromDurable, inputRequest, onInterrupt, sendToRun, type DurableArgs } from '../index.ts';

const pay = fromDurable(async ({ input, step }: DurableArgs<{ amount: number }>) => {
  const receipt = await step('pay', async () => ({ id: 'p-1', amount: input.amount }));
  const { note } = await step.waitForInput('note', { schema: z.object({ note: z.string() }) });
  expectTypeOf(note).toEqualTypeOf<string>();
  return receipt.id;
});

const ordering = setup({
  types: typed<{
    context: { id: string; shop: string };
    events: { type: 'go'; to: string };
  }>(),
  actors: {
    pay,
    check: onInterrupt(
      fromPromise(async ({ input }: { input: number }) => input > 1),
      'fail',
    ),
    ask: inputRequest({ schema: z.object({ approved: z.boolean() }) }),
  },
  actions: {
    tell: sendToRun('shop', { type: 'paid', amount: 3 }),
    tellWho: sendToRun(({ context }) => context.shop, { type: 'paid' }),
  },
}).createMachine({
  id: 'ordering',
  context: { id: '', shop: 's' },
  initial: 'asking',
  on: {
    go: {
      actions: [
        'tell',
        'tellWho',
        sendToRun('shop', { type: 'paid', amount: 3 }),
        sendToRun(
          ({ context, event }) => context.shop + event.to,
          ({ event }) => ({ type: 'went', to: event.to }),
        ),
      ],
    },
  },
  states: {
    asking: {
      invoke: {
        src: 'ask',
        input: { prompt: 'Well?', deadline: 1 },
        onDone: {
          guard: ({ event }) => {
            expectTypeOf(event.output).toEqualTypeOf<{ approved: boolean }>();
            return event.output.approved;
          },
          target: 'paying',
        },
      },
    },
    paying: {
      invoke: {
        src: 'pay',
        input: { amount: 90 },
        onDone: { actions: assign({ id: ({ event }) => event.output }), target: 'checking' },
      },
    },
    checking: { invoke: { src: 'check', input: 1, onDone: { guard: ({ event }) => event.output } } },
  },
});

it('is inferred', () => {
  expectTypeOf(ordering.id).toEqualTypeOf<string>();
});
