/** The parcels that the fleet delivers: a promise, messages, a delay, a durable function, a custom action. */
import { assign, fromPromise, setup } from 'xstate';
import { fromDurable } from 'savepoint';
import type { Ledger } from './ledger.ts';

/** How many words each parcel waits for. */
export const WORDS = 3;
/** What is done with it, in order. Each begins when the one before it is over, and that is stored. */
export const deeds = ['pack', 'load', 'drive', 'unload'] as const;
export type DeedName = (typeof deeds)[number];

type Word = { readonly type: 'WORD'; readonly n: number };

export function makeParcel(ledger: Ledger) {
  return setup({
    types: {
      context: {} as { readonly run: string; readonly words: readonly number[] },
      events: {} as Word,
      input: {} as { readonly run: string },
      output: {} as readonly number[],
    },
    actors: {
      pack: fromPromise(({ input }: { input: string }) => ledger.deed(input, 'pack')),
      deliver: fromDurable<void, string>(async ({ input, step }) => {
        await step('load', () => ledger.deed(input, 'load'));
        await step('drive', () => ledger.deed(input, 'drive'));
        await step.sleep('rest', 30);
        await step('unload', () => ledger.deed(input, 'unload'));
      }),
    },
    actions: { ended: ({ context }) => ledger.ended(context.run) },
    guards: {
      isLastWord: ({ context, event }) => new Set([...context.words, event.n]).size === WORDS,
    },
  }).createMachine({
    id: 'parcel',
    context: ({ input }) => ({ run: input.run, words: [] }),
    initial: 'listening',
    output: ({ context }) => context.words,
    states: {
      listening: {
        on: {
          WORD: [
            {
              guard: 'isLastWord',
              target: 'packing',
              actions: assign({ words: ({ context, event }) => [...context.words, event.n] }),
            },
            { actions: assign({ words: ({ context, event }) => [...context.words, event.n] }) },
          ],
        },
      },
      packing: { invoke: { src: 'pack', input: ({ context }) => context.run, onDone: 'resting' } },
      resting: { after: { 120: 'delivering' } },
      delivering: { invoke: { src: 'deliver', input: ({ context }) => context.run, onDone: 'delivered' } },
      delivered: { type: 'final', entry: 'ended' },
    },
  });
}
