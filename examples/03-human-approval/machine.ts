/**
 * A refund at Thimble & Fog, umbrellas: the counter and the bookkeeping must approve it. The two ways to ask are both
 * here: a state with the tag `waitingForInput`, and an actor of `inputRequest()`.
 */
import { inputRequest } from 'savepoint';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { mailLink, type Letter } from './mail.ts';

/** How long Barnaby has before Cornelia is asked, in milliseconds. */
export const PATIENCE = 3_000;
const HOUR = 3_600_000;

const decision = z.object({ approved: z.boolean(), note: z.string().max(200).optional() });

interface Types {
  context?: { refund: string; customer: string; euros: number; counter: string | undefined };
  events?: { type: 'counter.decided'; value: { approved: boolean }; by: string | undefined };
  input?: { refund: string; customer: string; euros: number };
  output?: unknown;
}
// For TypeScript alone, as `types` always is.
const types: Types = {};

export const refund = setup({
  types,
  actors: { approval: inputRequest({ schema: decision }) },
  actions: {
    // Named, so that it is never lost: it runs again where its process died before its promise was kept.
    // XState's type says that an action returns nothing, and the next one waits for this promise all the same.
    // oxlint-disable-next-line typescript/no-misused-promises
    mailLink: (_, letter: Letter) => mailLink(letter),
  },
}).createMachine({
  id: 'refund',
  context: ({ input }) => ({ ...input, counter: undefined }),
  initial: 'asking',
  states: {
    asking: {
      type: 'parallel',
      states: {
        counter: {
          initial: 'open',
          states: {
            open: {
              tags: 'waitingForInput',
              meta: {
                input: {
                  prompt: 'Is the umbrella back?',
                  schema: decision,
                  event: 'counter.decided',
                  assignee: 'counter',
                },
              },
              on: {
                'counter.decided': [
                  {
                    guard: ({ event }) => event.value.approved,
                    target: 'approved',
                    actions: assign({ counter: ({ event }) => event.by }),
                  },
                  { target: '#refund.declined' },
                ],
              },
            },
            approved: { type: 'final' },
          },
        },
        books: {
          initial: 'lead',
          states: {
            lead: {
              // The id of a question is known before it opens: the run's, and the actor's.
              entry: {
                type: 'mailLink',
                params: ({ context }) => ({
                  to: 'barnaby@thimble.example',
                  question: `${context.refund}/lead`,
                }),
              },
              invoke: {
                src: 'approval',
                id: 'lead',
                input: ({ context }) => ({
                  prompt: `Pay ${context.euros} € back to ${context.customer}?`,
                  assignee: 'barnaby@thimble.example',
                  deadline: Date.now() + PATIENCE,
                }),
                onDone: [
                  { guard: ({ event }) => event.output.approved, target: 'approved' },
                  { target: '#refund.declined' },
                ],
                // With an InputExpiredError.
                onError: 'deputy',
              },
            },
            deputy: {
              entry: {
                type: 'mailLink',
                params: ({ context }) => ({
                  to: 'cornelia@thimble.example',
                  question: `${context.refund}/deputy`,
                }),
              },
              invoke: {
                src: 'approval',
                id: 'deputy',
                input: ({ context }) => ({
                  prompt: `Barnaby is not there. Pay ${context.euros} € back to ${context.customer}?`,
                  assignee: 'cornelia@thimble.example',
                  deadline: Date.now() + HOUR,
                  // Whoever says nothing says no.
                  default: { approved: false },
                }),
                onDone: [
                  { guard: ({ event }) => event.output.approved, target: 'approved' },
                  { target: '#refund.declined' },
                ],
              },
            },
            approved: { type: 'final' },
          },
        },
      },
      onDone: 'approved',
    },
    approved: { type: 'final' },
    declined: { type: 'final' },
  },
});
