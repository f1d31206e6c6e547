/** The order: a question, ten steps, two actions, another question, and an action at its end. */
import { fromDurable, inputRequest } from 'savepoint';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { goodsOf, isGoodsOf, type Goods } from '../goods.ts';
import type { Deed } from './outside.ts';

/** What leaves the order. */
export interface Doings {
  /** A try of a step. */
  readonly step: (
    name: string,
    effect: Pick<Deed, 'effectId' | 'attempt'>,
    answers: readonly string[],
  ) => Promise<void>;
  readonly action: (name: string, answers: readonly string[]) => Promise<void>;
}

/** The steps in their order. The fourth fails at first; behind the sixth there is a pause. */
export const stepNames: readonly string[] = Array.from({ length: 10 }, (_, n) => `step ${n + 1}`);
export const flaky = 'step 4';
export const restless = 'step 6';
/** How long the pause is, in milliseconds. */
export const pause = 40;

/** In the order in which they must come. */
export const actionNames = ['pack', 'bill', 'ship'] as const;

/** The questions of an order, in their order. */
export const questionsOf = (run: string): readonly string[] => [`${run}/approval`, `${run}:order.review`];

interface OrderContext {
  /** All answers that came. */
  readonly answers: readonly string[];
  /** What the steps gave. */
  readonly goods: readonly Goods[];
}

const answer = z.object({ word: z.string() });
const withWord = (context: OrderContext, word: string): readonly string[] => [...context.answers, word];

/** The machine, over what its effects are to do. */
export function makeOrder(doings: Doings) {
  return setup({
    types: {
      context: {} as OrderContext,
      events: {} as { readonly type: 'REVIEWED'; readonly value: z.infer<typeof answer> },
      tags: {} as 'waitingForInput',
    },
    actors: {
      approval: inputRequest({ schema: answer }),
      fulfil: fromDurable<Goods[], readonly string[]>(async ({ input, step }) => {
        const goods: Goods[] = [];
        for (const [at, name] of stepNames.entries()) {
          const made = await step(
            name,
            async ({ effectId, attempt }) => {
              await doings.step(name, { effectId, attempt }, input);
              if (name === flaky && attempt === 1) throw new Error('It fails at first.');
              return goodsOf(at + 1);
            },
            { retry: { limit: 1, backoff: 5 } },
          );
          goods.push(made);
          if (name === restless) await step.sleep('rest', pause);
        }
        return goods;
      }),
    },
    actions: Object.fromEntries(
      actionNames.map((name) => [
        name,
        (_: unknown, { answers }: { answers: readonly string[] }) => doings.action(name, answers),
      ]),
    ) as Record<
      (typeof actionNames)[number],
      (_: unknown, params: { answers: readonly string[] }) => Promise<void>
    >,
  }).createMachine({
    id: 'order',
    version: '1',
    context: { answers: [], goods: [] },
    initial: 'approving',
    states: {
      approving: {
        invoke: {
          src: 'approval',
          id: 'approval',
          input: { prompt: 'May it be made?' },
          onDone: {
            target: 'fulfilling',
            actions: assign({ answers: ({ context, event }) => withWord(context, event.output.word) }),
          },
        },
      },
      fulfilling: {
        invoke: {
          src: 'fulfil',
          id: 'fulfil',
          input: ({ context }) => context.answers,
          onDone: {
            target: 'review',
            actions: [
              assign({ goods: ({ event }) => event.output }),
              { type: 'pack', params: ({ context }) => ({ answers: context.answers }) },
              { type: 'bill', params: ({ context }) => ({ answers: context.answers }) },
            ],
          },
        },
      },
      review: {
        tags: 'waitingForInput',
        meta: { input: { prompt: 'Is it well made?', schema: answer, event: 'REVIEWED' } },
        on: {
          REVIEWED: {
            target: 'shipped',
            actions: [
              assign({ answers: ({ context, event }) => withWord(context, event.value.word) }),
              { type: 'ship', params: ({ context }) => ({ answers: context.answers }) },
            ],
          },
        },
      },
      shipped: { type: 'final' },
    },
  });
}

/** Is this what an order must know at its end? */
export function isWhole({ goods }: OrderContext): boolean {
  return goods.length === stepNames.length && goods.every((made, at) => isGoodsOf(at + 1, made));
}
