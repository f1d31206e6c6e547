/** A list of sums is done at once, and the results are in its order. */
import { workflow } from 'savepoint/machines';
import { fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

type Sum = readonly [a: number, b: number];

const addWith =
  (note: Note) =>
  async ([a, b]: Sum): Promise<number> => {
    note(`${a} and ${b}`);
    return a + b;
  };

export const sums: Twice = {
  of: 'workflow-math-problem',

  byHand: (note) => {
    const add = addWith(note);
    return setup({
      types: typed<{ context: { sums: readonly Sum[] }; input: { sums: readonly Sum[] } }>(),
      actors: {
        addAll: fromPromise(({ input }: { input: readonly Sum[] }) => Promise.all(input.map(add))),
      },
    }).createMachine({
      id: 'sums',
      context: ({ input }) => input,
      initial: 'adding',
      states: {
        adding: { invoke: { src: 'addAll', input: ({ context }) => context.sums, onDone: 'added' } },
        added: { type: 'final', output: ({ event }) => ({ results: event.output }) },
      },
      output: ({ event }) => event.output,
    });
  },

  asWorkflow: (note) => {
    const add = addWith(note);
    return workflow({
      id: 'sums',
      input: z.object({ sums: z.array(z.tuple([z.number(), z.number()])) }),
      nodes: (flow) => flow.map('add', { over: ({ input }) => input.sums, run: ({ input }) => add(input) }),
      output: ({ results }) => ({ results: results.add }),
    });
  },

  ways: [
    {
      name: 'three',
      input: {
        sums: [
          [19, 23],
          [-4, 4],
          [0.5, 0.25],
        ],
      },
      output: { results: [42, 0, 0.75] },
    },
    { name: 'none', input: { sums: [] }, output: { results: [] } },
  ],
};
