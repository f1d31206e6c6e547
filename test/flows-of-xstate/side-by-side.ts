/** Two things are done at the same time, and it ends when both have. */
import { workflow } from 'savepoint/machines';
import { setup } from 'xstate';
import type { Twice } from './twice.ts';

const QUICK = 1_000;
const SLOW = 3_000;

export const sideBySide: Twice = {
  of: 'workflow-parallel',

  byHand: (note) => {
    const region = (name: string, delay: number) => ({
      initial: 'busy',
      states: {
        busy: { after: { [delay]: { target: 'over', actions: () => note(`${name} is over`) } } },
        over: { type: 'final' as const },
      },
    });
    return setup({}).createMachine({
      id: 'both',
      initial: 'working',
      states: {
        working: {
          type: 'parallel',
          states: { quick: region('quick', QUICK), slow: region('slow', SLOW) },
          onDone: 'end',
        },
        end: { type: 'final' },
      },
      output: () => 'both',
    });
  },

  asWorkflow: (note) =>
    workflow({
      id: 'both',
      nodes: (flow) =>
        flow
          .wait('quick', { for: QUICK })
          .wait('slow', { for: SLOW })
          .task('quick is over', { after: ['quick'], run: async () => note('quick is over') })
          .task('slow is over', { after: ['slow'], run: async () => note('slow is over') }),
      output: () => 'both',
    }),

  ways: [{ name: 'both', happens: [{ pass: QUICK }, { pass: SLOW - QUICK }], output: 'both' }],
};
