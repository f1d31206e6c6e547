/** A refund at Pinecone & Sons: an ordinary XState machine. Nothing in it knows of stores or processes. */
import { assign, fromPromise, setup } from 'xstate';
import { findSale, payOut, remind, type Payout, type Sale } from './world.ts';

/** How long the shop waits for an answer before it reminds, in milliseconds. */
export const REMINDER = 3_000;

interface Types {
  context?: {
    /** The id of the run: the payout's idempotency key is made from it, so it is the same after each restart. */
    refund: string;
    order: string;
    sale: Sale | undefined;
    approvedBy: string | undefined;
    receipt: string | undefined;
  };
  events?: { type: 'refund.approved'; by: string } | { type: 'refund.declined'; by: string };
  input?: { refund: string; order: string };
  output?: { receipt: string | undefined };
}
// For TypeScript alone, as `types` always is.
const types: Types = {};

export const refund = setup({
  types,
  actors: {
    findSale: fromPromise(({ input }: { input: string }) => findSale(input)),
    payOut: fromPromise(({ input, signal }: { input: Payout; signal: AbortSignal }) => payOut(input, signal)),
  },
  actions: { remind: () => remind() },
  delays: { reminder: REMINDER },
}).createMachine({
  id: 'refund',
  version: '1',
  context: ({ input }) => ({ ...input, sale: undefined, approvedBy: undefined, receipt: undefined }),
  initial: 'checking',
  states: {
    checking: {
      invoke: {
        src: 'findSale',
        input: ({ context }) => context.order,
        onDone: { target: 'review', actions: assign({ sale: ({ event }) => event.output }) },
        onError: 'failed',
      },
    },
    review: {
      tags: 'waitingForInput',
      after: { reminder: { actions: 'remind' } },
      on: {
        'refund.approved': { target: 'payingOut', actions: assign({ approvedBy: ({ event }) => event.by }) },
        'refund.declined': 'declined',
      },
    },
    payingOut: {
      invoke: {
        src: 'payOut',
        // A promise that was interrupted starts again: what it does outside must bear being asked twice.
        input: ({ context }) => ({ key: `${context.refund}/payout`, cents: context.sale?.cents ?? 0 }),
        onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) },
        onError: 'failed',
      },
    },
    paid: { type: 'final' },
    declined: { type: 'final' },
    failed: { type: 'final' },
  },
  output: ({ context }) => ({ receipt: context.receipt }),
});
