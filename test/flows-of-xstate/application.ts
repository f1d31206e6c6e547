/** Who is old enough may join; else, or where joining fails, a letter says no. */
import { workflow } from 'savepoint/machines';
import { assign, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { typed } from '../support/typed.ts';
import type { Note, Twice } from './twice.ts';

interface Applicant {
  readonly name: string;
  readonly age: number;
}

const worldOf = (note: Note) => ({
  join: async ({ name }: Applicant): Promise<string> => {
    note(`${name} joins`);
    if (name === 'Bram') throw new Error('The boat is full.');
    return `${name} is in`;
  },
  refuse: async ({ name }: Applicant): Promise<string> => {
    note(`letter to ${name}`);
    return `${name} is out`;
  },
});

export const application: Twice = {
  of: 'workflow-applicant-request',

  byHand: (note) => {
    const world = worldOf(note);
    return setup({
      types: typed<{
        context: Applicant & { said: string };
        input: Applicant;
        events: { type: 'apply' };
      }>(),
      actors: {
        join: fromPromise(({ input }: { input: Applicant }) => world.join(input)),
        refuse: fromPromise(({ input }: { input: Applicant }) => world.refuse(input)),
      },
    }).createMachine({
      id: 'club',
      context: ({ input }) => ({ ...input, said: '' }),
      initial: 'thinking',
      states: {
        thinking: {
          on: {
            apply: [{ guard: ({ context }) => context.age >= 18, target: 'joining' }, { target: 'refusing' }],
          },
        },
        joining: {
          invoke: {
            src: 'join',
            input: ({ context }) => context,
            onDone: { target: 'end', actions: assign({ said: ({ event }) => event.output }) },
            onError: 'refusing',
          },
        },
        refusing: {
          invoke: {
            src: 'refuse',
            input: ({ context }) => context,
            onDone: { target: 'end', actions: assign({ said: ({ event }) => event.output }) },
          },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.said,
    });
  },

  asWorkflow: (note) => {
    const world = worldOf(note);
    return workflow({
      id: 'club',
      input: z.object({ name: z.string(), age: z.number() }),
      nodes: (flow) =>
        flow
          .waitFor('apply', { event: 'apply' })
          .choice('age', { after: ['apply'], routes: { adult: ({ input }) => input.age >= 18, minor: true } })
          .task('join', {
            after: ['age:adult'],
            input: ({ input }) => input,
            run: ({ input }) => world.join(input),
            onError: 'route',
          })
          .task('refuse', {
            after: ['age:minor', 'join:error'],
            input: ({ input }) => input,
            run: ({ input }) => world.refuse(input),
          }),
      output: ({ results }) => results.refuse ?? results.join,
    });
  },

  ways: [
    {
      name: 'an adult',
      input: { name: 'Saoirse', age: 41 },
      happens: [{ send: { type: 'apply' } }],
      output: 'Saoirse is in',
    },
    {
      name: 'a minor',
      input: { name: 'Tomas', age: 12 },
      happens: [{ send: { type: 'apply' } }],
      output: 'Tomas is out',
    },
    {
      name: 'an adult for whom there is no room',
      input: { name: 'Bram', age: 30 },
      happens: [{ send: { type: 'apply' } }],
      output: 'Bram is out',
    },
  ],
};
