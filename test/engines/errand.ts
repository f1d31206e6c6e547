/** What the processes work on: three steps with a pause between them, each noted outside. */
import { assign, fromPromise, setup } from 'xstate';

const STEPS = 3;

export function makeErrand(note: (what: string, run: string) => void) {
  return setup({
    types: {
      context: {} as { readonly name: string; readonly done: number },
      input: {} as { readonly name: string },
      events: {} as { readonly type: 'GO' },
      output: {} as number,
    },
    actors: {
      step: fromPromise<void, { readonly what: string; readonly name: string }>(async ({ input }) => {
        note(input.what, input.name);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
    },
    guards: { isDone: ({ context }) => context.done === STEPS },
  }).createMachine({
    id: 'errand',
    version: '1',
    context: ({ input }) => ({ name: input.name, done: 0 }),
    initial: 'waiting',
    states: {
      waiting: { on: { GO: 'stepping' } },
      stepping: {
        invoke: {
          src: 'step',
          input: ({ context }) => ({ what: `step-${context.done + 1}`, name: context.name }),
          onDone: { target: 'resting', actions: assign({ done: ({ context }) => context.done + 1 }) },
        },
      },
      resting: {
        always: { guard: 'isDone', target: 'over' },
        after: { 100: 'stepping' },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => context.done,
  });
}
