/** The machine that is paused at any time: jobs of two steps, a bell that rings a little later, and a report for each. */
import { assign, raise, setup, spawnChild, stopChild, type DoneActorEvent } from 'xstate';
import { fromDurable, type DurableArgs } from 'savepoint';
import { typed } from './typed.ts';

/** What happens outside. Each call is the beginning of something. */
export interface JobsOutside {
  step(n: number, name: 'a' | 'b'): Promise<void>;
  report(n: number): void;
}

/** How long the bell waits, in milliseconds. */
const BELL = 15;

export interface JobsContext {
  readonly seen: readonly number[];
  readonly done: readonly number[];
  readonly rang: readonly number[];
}

/** The output of a job, which is its number. */
const doneOf = (event: unknown): number => (event as DoneActorEvent<number>).output;

export const makeJobs = (outside: JobsOutside) =>
  setup({
    types: typed<{
      context: JobsContext;
      events: { type: 'JOB'; n: number } | { type: 'RING'; n: number };
    }>(),
    actors: {
      job: fromDurable(async ({ input: n, step }: DurableArgs<number>) => {
        await step('a', () => outside.step(n, 'a'));
        await step('b', () => outside.step(n, 'b'));
        return n;
      }),
    },
    actions: { report: (_, { n }: { n: number }) => outside.report(n) },
  }).createMachine({
    id: 'jobs',
    context: { seen: [], done: [], rang: [] },
    on: {
      JOB: {
        actions: [
          assign({ seen: ({ context, event }) => [...context.seen, event.n] }),
          spawnChild('job', { id: ({ event }) => `job-${event.n}`, input: ({ event }) => event.n }),
          raise(({ event }) => ({ type: 'RING', n: event.n }) as const, { delay: BELL }),
          { type: 'report', params: ({ event }) => ({ n: event.n }) },
        ],
      },
      RING: { actions: assign({ rang: ({ context, event }) => [...context.rang, event.n] }) },
      'xstate.done.actor.*': {
        actions: [
          assign({ done: ({ context, event }) => [...context.done, doneOf(event)] }),
          stopChild(({ event }) => `job-${doneOf(event)}`),
        ],
      },
    },
  });
