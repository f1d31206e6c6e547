/** A customer's credit is checked, and then the account is opened or declined; the check may take 15 minutes. */
import { workflow } from 'savepoint/machines';
import { fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

const PATIENCE = 15 * 60 * 1000;

const worldOf = (note: Note) => ({
  score: async (who: string): Promise<number> => {
    note(`score of ${who}`);
    return who === 'Maeve' ? new Promise(() => {}) : who === 'Orla' ? 810 : 340;
  },
  open: async (who: string) => note(`account for ${who}`),
  decline: async (who: string) => note(`letter to ${who}`),
});

export const creditCheck: Twice = {
  of: 'workflow-credit-check',

  byHand: (note) => {
    const world = worldOf(note);
    return setup({
      types: typed<{ context: { who: string }; input: { who: string } }>(),
      actors: {
        score: fromPromise(({ input }: { input: string }) => world.score(input)),
        open: fromPromise(({ input }: { input: string }) => world.open(input)),
        decline: fromPromise(({ input }: { input: string }) => world.decline(input)),
      },
    }).createMachine({
      id: 'credit',
      context: ({ input }) => input,
      initial: 'scoring',
      states: {
        scoring: {
          invoke: {
            src: 'score',
            input: ({ context }) => context.who,
            onDone: [
              { guard: ({ event }) => event.output >= 600, target: 'opening' },
              { target: 'declining' },
            ],
          },
          after: { [PATIENCE]: 'late' },
        },
        opening: { invoke: { src: 'open', input: ({ context }) => context.who, onDone: 'opened' } },
        declining: { invoke: { src: 'decline', input: ({ context }) => context.who, onDone: 'declined' } },
        opened: { type: 'final', output: 'opened' },
        declined: { type: 'final', output: 'declined' },
        late: { type: 'final', output: 'late' },
      },
      output: ({ event }) => event.output,
    });
  },

  asWorkflow: (note) => {
    const world = worldOf(note);
    return workflow({
      id: 'credit',
      input: z.object({ who: z.string() }),
      nodes: (flow) =>
        flow
          .task('score', {
            input: ({ input }) => input.who,
            run: ({ input }) => world.score(input),
            timeout: PATIENCE,
            onError: 'route',
          })
          .choice('decision', {
            after: ['score'],
            routes: { good: ({ results }) => results.score >= 600, bad: true },
          })
          .task('open', {
            after: ['decision:good'],
            input: ({ input }) => input.who,
            run: ({ input }) => world.open(input),
          })
          .task('decline', {
            after: ['decision:bad'],
            input: ({ input }) => input.who,
            run: ({ input }) => world.decline(input),
          })
          .transform('late', { after: ['score:error'], run: () => true }),
      output: ({ results }) => (results.late ? 'late' : results.decision === 'good' ? 'opened' : 'declined'),
    });
  },

  ways: [
    { name: 'good', input: { who: 'Orla' }, output: 'opened' },
    { name: 'bad', input: { who: 'Finn' }, output: 'declined' },
    { name: 'never scored', input: { who: 'Maeve' }, happens: [{ pass: PATIENCE }], output: 'late' },
  ],
};
