/** The machines that are measured. */
import { assign, fromPromise, setup } from 'xstate';

/** Invokes a promise so many times, one after another. */
export const steps = setup({
  types: {
    context: {} as { left: number; sum: number },
    input: {} as { steps: number },
    output: {} as number,
  },
  actors: { work: fromPromise(async ({ input }: { input: number }) => input) },
}).createMachine({
  id: 'steps',
  version: '1',
  context: ({ input }) => ({ left: input.steps, sum: 0 }),
  initial: 'step',
  output: ({ context }) => context.sum,
  states: {
    step: {
      invoke: {
        src: 'work',
        input: ({ context }) => context.left,
        onDone: {
          target: 'check',
          actions: assign({
            left: ({ context }) => context.left - 1,
            sum: ({ context }) => context.sum + 1,
          }),
        },
      },
    },
    check: {
      always: [{ guard: ({ context }) => context.left > 0, target: 'step' }, { target: 'end' }],
    },
    end: { type: 'final' },
  },
});

interface Message {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** One turn of a chat: what the user asks, and what the assistant says. */
export interface Turn {
  readonly type: 'TURN';
  readonly ask: string;
  readonly say: string;
}

/** Keeps every message in its context, as agents do. */
export const chat = setup({
  types: { context: {} as { messages: readonly Message[] }, events: {} as Turn },
}).createMachine({
  id: 'chat',
  version: '1',
  context: { messages: [] },
  on: {
    TURN: {
      actions: assign({
        messages: ({ context, event }) => [
          ...context.messages,
          { role: 'user', text: event.ask } as const,
          { role: 'assistant', text: event.say } as const,
        ],
      }),
    },
  },
});
