/** A kiln is lit, looked at every five seconds until it is done or broken, and the end is told. */
import { workflow } from 'savepoint/machines';
import { assign, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

const BETWEEN = 5_000;

type State = 'warm' | 'fired' | 'cracked';

const worldOf = (note: Note) => {
  let looks = 0;
  return {
    light: async (pot: string): Promise<string> => {
      note(`light for ${pot}`);
      return `kiln of ${pot}`;
    },
    look: async (kiln: string): Promise<State> => {
      note(`look at ${kiln}`);
      return ++looks < 3 ? 'warm' : kiln.includes('cup') ? 'fired' : 'cracked';
    },
    tell: async (state: State) => note(`it is ${state}`),
  };
};

export const kiln: Twice = {
  of: 'workflow-monitor-job',

  byHand: (note) => {
    const world = worldOf(note);
    return setup({
      types: typed<{ context: { pot: string; kiln: string; state: State }; input: { pot: string } }>(),
      actors: {
        light: fromPromise(({ input }: { input: string }) => world.light(input)),
        look: fromPromise(({ input }: { input: string }) => world.look(input)),
        tell: fromPromise(({ input }: { input: State }) => world.tell(input)),
      },
    }).createMachine({
      id: 'kiln',
      context: ({ input }) => ({ pot: input.pot, kiln: '', state: 'warm' }),
      initial: 'lighting',
      states: {
        lighting: {
          invoke: {
            src: 'light',
            input: ({ context }) => context.pot,
            onDone: { target: 'waiting', actions: assign({ kiln: ({ event }) => event.output }) },
          },
        },
        waiting: { after: { [BETWEEN]: 'looking' } },
        looking: {
          invoke: {
            src: 'look',
            input: ({ context }) => context.kiln,
            onDone: { target: 'deciding', actions: assign({ state: ({ event }) => event.output }) },
          },
        },
        deciding: {
          always: [
            { guard: ({ context }) => context.state === 'warm', target: 'waiting' },
            { target: 'telling' },
          ],
        },
        telling: { invoke: { src: 'tell', input: ({ context }) => context.state, onDone: 'end' } },
        end: { type: 'final' },
      },
      output: ({ context }) => context.state,
    });
  },

  asWorkflow: (note) => {
    const world = worldOf(note);
    const seen = z.object({ kiln: z.string(), state: z.enum(['warm', 'fired', 'cracked']) });
    const look = workflow({
      id: 'look',
      input: seen,
      nodes: (flow) =>
        flow.wait('a while', { for: BETWEEN }).task('look', {
          after: ['a while'],
          input: ({ input }) => input.kiln,
          run: ({ input }) => world.look(input),
        }),
      output: ({ input, results }) => ({ kiln: input.kiln, state: results.look }),
    });
    return workflow({
      id: 'kiln',
      input: z.object({ pot: z.string() }),
      nodes: (flow) =>
        flow
          .task('light', { input: ({ input }) => input.pot, run: ({ input }) => world.light(input) })
          .loop('watch', {
            after: ['light'],
            input: ({ results }) => ({ kiln: results.light, state: 'warm' as const }),
            run: look,
            until: ({ output }) => output.state !== 'warm',
          })
          .task('tell', {
            after: ['watch'],
            input: ({ results }) => results.watch.state,
            run: ({ input }) => world.tell(input),
          }),
      output: ({ results }) => results.watch.state,
    });
  },

  ways: [
    {
      name: 'that goes well',
      input: { pot: 'cup' },
      happens: [{ pass: BETWEEN }, { pass: BETWEEN }, { pass: BETWEEN }],
      output: 'fired',
    },
    {
      name: 'that breaks',
      input: { pot: 'jug' },
      happens: [{ pass: BETWEEN }, { pass: BETWEEN }, { pass: BETWEEN }],
      output: 'cracked',
    },
  ],
};
