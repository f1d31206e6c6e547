/** A ballot with four questions that are open at once: of actors, of a child's actor, and of a state. */
import { inputRequest } from 'savepoint';
import { assign, sendParent, setup } from 'xstate';
import { z } from 'zod';

const vote = z.object({ for: z.string() });
type Vote = z.infer<typeof vote>;

export interface BallotContext {
  /** What was answered to whom, once for each time. */
  readonly votes: readonly { readonly on: string; readonly for: string }[];
}

/** The questions of a ballot, by what they are on. */
export const questionsOf = (run: string): Readonly<Record<string, string>> => ({
  chair: `${run}/chair`,
  clerk: `${run}/clerk`,
  hall: `${run}/hall/ask`,
  date: `${run}:ballot.date.open`,
});

/** What somebody answers to a question. */
export const answerOf = (who: string, question: string): string => `${who} on ${question}`;

/** Asks below, and tells its parent. */
const hall = setup({ actors: { ask: inputRequest({ schema: vote }) } }).createMachine({
  id: 'hall',
  initial: 'open',
  states: {
    open: {
      invoke: {
        src: 'ask',
        id: 'ask',
        input: { prompt: 'Which hall?' },
        onDone: {
          target: 'closed',
          actions: sendParent(({ event }) => ({ type: 'HALL', value: event.output })),
        },
      },
    },
    closed: { type: 'final' },
  },
});

export const ballot = setup({
  types: {
    context: {} as BallotContext,
    events: {} as { readonly type: 'HALL' | 'DATE'; readonly value: Vote },
    tags: {} as 'waitingForInput',
  },
  actors: { ask: inputRequest({ schema: vote }), hall },
  actions: {
    count: assign({
      votes: ({ context }, cast: { on: string; for: string }) => [...context.votes, cast],
    }),
  },
}).createMachine({
  id: 'ballot',
  version: '1',
  type: 'parallel',
  context: { votes: [] },
  states: {
    chair: {
      initial: 'open',
      states: {
        open: {
          invoke: {
            src: 'ask',
            id: 'chair',
            input: { prompt: 'Who is to be in the chair?' },
            onDone: {
              target: 'closed',
              actions: { type: 'count', params: ({ event }) => ({ on: 'chair', for: event.output.for }) },
            },
          },
        },
        closed: { type: 'final' },
      },
    },
    clerk: {
      initial: 'open',
      states: {
        open: {
          invoke: {
            src: 'ask',
            id: 'clerk',
            input: { prompt: 'Who is to be the clerk?' },
            onDone: {
              target: 'closed',
              actions: { type: 'count', params: ({ event }) => ({ on: 'clerk', for: event.output.for }) },
            },
          },
        },
        closed: { type: 'final' },
      },
    },
    hall: {
      initial: 'open',
      invoke: { src: 'hall', id: 'hall' },
      states: {
        open: {
          on: {
            HALL: {
              target: 'closed',
              actions: { type: 'count', params: ({ event }) => ({ on: 'hall', for: event.value.for }) },
            },
          },
        },
        closed: { type: 'final' },
      },
    },
    date: {
      initial: 'open',
      states: {
        open: {
          tags: 'waitingForInput',
          meta: { input: { prompt: 'On which date?', schema: vote, event: 'DATE' } },
          on: {
            DATE: {
              target: 'closed',
              actions: { type: 'count', params: ({ event }) => ({ on: 'date', for: event.value.for }) },
            },
          },
        },
        closed: { type: 'final' },
      },
    },
  },
});
