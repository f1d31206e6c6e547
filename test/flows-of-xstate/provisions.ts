/** Provisions are laid in; for each kind of gap in the list somebody else is asked, and then it ends as well. */
import { workflow } from 'savepoint/machines';
import { fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

interface Wanted {
  readonly ship?: string;
  readonly goods?: string;
}

const saidBy = (error: unknown): string => (error instanceof Error ? error.message : '');

const worldOf = (note: Note) => ({
  layIn: async ({ ship, goods }: Wanted): Promise<string> => {
    note('lay in');
    if (ship === undefined) throw new Error('no ship');
    if (goods === undefined) throw new Error('no goods');
    return `${goods} for the ${ship}`;
  },
  stow: async (what: string): Promise<string> => {
    note(`stow ${what}`);
    return 'stowed';
  },
  ask: async (whom: string): Promise<string> => {
    note(`ask the ${whom}`);
    return `asked the ${whom}`;
  },
});

export const provisions: Twice = {
  of: 'workflow-provision-orders',

  byHand: (note) => {
    const world = worldOf(note);
    return setup({
      types: typed<{ context: Wanted; input: Wanted }>(),
      actors: {
        layIn: fromPromise(({ input }: { input: Wanted }) => world.layIn(input)),
        stow: fromPromise(({ input }: { input: string }) => world.stow(input)),
        ask: fromPromise(({ input }: { input: string }) => world.ask(input)),
      },
    }).createMachine({
      id: 'provisions',
      context: ({ input }) => input,
      initial: 'layingIn',
      states: {
        layingIn: {
          invoke: {
            src: 'layIn',
            input: ({ context }) => context,
            onDone: 'stowing',
            onError: [
              { guard: ({ event }) => saidBy(event.error) === 'no ship', target: 'gap.harbour' },
              { guard: ({ event }) => saidBy(event.error) === 'no goods', target: 'gap.cook' },
            ],
          },
        },
        stowing: {
          invoke: { src: 'stow', input: ({ event }) => event.output, onDone: 'end' },
        },
        gap: {
          initial: 'harbour',
          states: {
            harbour: { invoke: { src: 'ask', input: 'harbour', onDone: 'asked' } },
            cook: { invoke: { src: 'ask', input: 'cook', onDone: 'asked' } },
            asked: { type: 'final', output: ({ event }) => event.output },
          },
          onDone: 'end',
        },
        end: { type: 'final', output: ({ event }) => event.output },
      },
      output: ({ event }) => event.output,
    });
  },

  asWorkflow: (note) => {
    const world = worldOf(note);
    return workflow({
      id: 'provisions',
      input: z.object({ ship: z.string().optional(), goods: z.string().optional() }),
      nodes: (flow) =>
        flow
          .task('lay in', {
            input: ({ input: { ship, goods } }) => ({ ...(ship && { ship }), ...(goods && { goods }) }),
            run: ({ input }) => world.layIn(input),
            onError: 'route',
          })
          .task('stow', {
            after: ['lay in'],
            input: ({ results }) => results['lay in'],
            run: ({ input }) => world.stow(input),
          })
          .choice('gap', {
            after: ['lay in:error'],
            routes: {
              ship: ({ results }) => saidBy(results['lay in']) === 'no ship',
              goods: ({ results }) => saidBy(results['lay in']) === 'no goods',
            },
          })
          .task('harbour', { after: ['gap:ship'], run: () => world.ask('harbour') })
          .task('cook', { after: ['gap:goods'], run: () => world.ask('cook') }),
      output: ({ results }) => results.stow ?? results.harbour ?? results.cook,
    });
  },

  ways: [
    { name: 'that are whole', input: { ship: 'Petrel', goods: 'barley' }, output: 'stowed' },
    { name: 'for no ship', input: { goods: 'barley' }, output: 'asked the harbour' },
    { name: 'of nothing', input: { ship: 'Petrel' }, output: 'asked the cook' },
  ],
};
