/** The machines that are measured. */
import { assign, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import type { Subject } from './subject.ts';

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

/** Takes so many steps in one durable function. */
export function makeWalk({ fromDurable }: Pick<Subject, 'fromDurable'>) {
  return setup({
    types: {
      context: {} as { steps: number; sum: number },
      input: {} as { steps: number },
      output: {} as number,
    },
    actors: {
      walk: fromDurable<number, number>(async ({ input, step }) => {
        let sum = 0;
        for (let n = 1; n <= input; n++) sum += await step(`step ${n}`, async () => 1);
        return sum;
      }),
    },
  }).createMachine({
    id: 'walk',
    version: '1',
    context: ({ input }) => ({ steps: input.steps, sum: 0 }),
    initial: 'walking',
    output: ({ context }) => context.sum,
    states: {
      walking: {
        invoke: {
          src: 'walk',
          input: ({ context }) => context.steps,
          onDone: { target: 'end', actions: assign({ sum: ({ event }) => event.output }) },
        },
      },
      end: { type: 'final' },
    },
  });
}

const decision = z.object({ approved: z.boolean() });

/** Waits in a state until a person has decided. */
export const review = setup({
  types: {
    context: {} as { approved: boolean },
    events: {} as { readonly type: 'DECIDED'; readonly value: z.infer<typeof decision> },
    output: {} as boolean,
    tags: {} as 'waitingForInput',
  },
}).createMachine({
  id: 'review',
  version: '1',
  context: { approved: false },
  initial: 'open',
  output: ({ context }) => context.approved,
  states: {
    open: {
      tags: 'waitingForInput',
      meta: { input: { prompt: 'May it be paid?', schema: decision, event: 'DECIDED' } },
      on: { DECIDED: { target: 'end', actions: assign({ approved: ({ event }) => event.value.approved }) } },
    },
    end: { type: 'final' },
  },
});

/** The same with an actor that asks. */
export function makeRequest({ inputRequest }: Pick<Subject, 'inputRequest'>) {
  return setup({
    types: { context: {} as { approved: boolean }, output: {} as boolean },
    actors: { ask: inputRequest({ schema: decision }) },
  }).createMachine({
    id: 'request',
    version: '1',
    context: { approved: false },
    initial: 'open',
    output: ({ context }) => context.approved,
    states: {
      open: {
        invoke: {
          src: 'ask',
          id: 'ask',
          input: { prompt: 'May it be paid?' },
          onDone: { target: 'end', actions: assign({ approved: ({ event }) => event.output.approved }) },
        },
      },
      end: { type: 'final' },
    },
  });
}

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
