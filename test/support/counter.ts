/** The machine that most tests of the runtime use: it counts, asks, sleeps, works, and comes to an end. */
import { assign, fromPromise, setup } from 'xstate';
import { typed } from './typed.ts';

export const counter = setup({
  types: typed<{
    context: { count: number; kept?: unknown };
    events:
      | { type: 'add'; by?: number }
      | { type: 'keep'; value: unknown }
      | { type: 'ask' }
      | { type: 'sleep' }
      | { type: 'work' }
      | { type: 'back' }
      | { type: 'finish' }
      | { type: 'break' }
      | { type: 'unknown' };
    input: { from: number } | undefined;
    output: number;
    tags: 'waitingForInput';
  }>(),
  actors: {
    /** Goes on until it is aborted. */
    work: fromPromise(
      ({ signal }) =>
        new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ),
  },
}).createMachine({
  id: 'counter',
  context: ({ input }) => ({ count: input?.from ?? 0 }),
  initial: 'counting',
  on: {
    add: { actions: assign({ count: ({ context, event }) => context.count + (event.by ?? 1) }) },
    keep: { actions: assign({ kept: ({ event }) => event.value }) },
  },
  states: {
    counting: {
      on: {
        ask: 'asking',
        sleep: 'sleeping',
        work: 'working',
        finish: 'finished',
        break: {
          actions: () => {
            throw new Error('it broke');
          },
        },
      },
    },
    asking: { tags: ['waitingForInput'], on: { back: 'counting' } },
    sleeping: { after: { 3_600_000: 'counting' }, on: { back: 'counting' } },
    working: { invoke: { src: 'work' }, on: { back: 'counting', finish: 'finished' } },
    finished: { type: 'final' },
  },
  output: ({ context }) => context.count,
});
