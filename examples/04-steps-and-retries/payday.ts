/** Payday at the Bramble Bakery: a function of several steps, and the machine that invokes it. */
import { fromDurable, type DurableArgs } from 'savepoint';
import { setup } from 'xstate';
import { addUpHours, fileAway, handOver, isFinal, pay, printPayslips } from './world.ts';

/** How long it takes until the money is there, in milliseconds. */
export const SETTLING = 2_500;

// A step that is finished is never run again: its result comes from the journal. So this function may be cut off
// anywhere, and may begin anew in another process.
const wages = fromDurable(async ({ input, step }: DurableArgs<{ week: number }>) => {
  const due = await step('add up', () => addUpHours(input.week));

  for (const wage of due) {
    try {
      // The effect id is the same at each try and in each process: Copperpot pays once for each.
      await step(
        `pay ${wage.baker}`,
        ({ effectId, attempt, signal }) => pay(wage, effectId, attempt, signal),
        {
          retry: { limit: 5, backoff: 300, factor: 2, retryable: (error) => !isFinal(error) },
          timeout: 5_000,
        },
      );
    } catch (error) {
      if (!isFinal(error)) throw error;
      await step(`cash for ${wage.baker}`, () => handOver(wage));
    }
  }

  await step('payslips', () => printPayslips(due));
  await step.sleep('settling', SETTLING);
  await step('books', () => fileAway(input.week));
  return { paid: due.length };
});

interface Types {
  context?: { week: number };
  input?: { week: number };
  output?: unknown;
}
// For TypeScript alone, as `types` always is.
const types: Types = {};

export const payday = setup({ types, actors: { wages } }).createMachine({
  id: 'payday',
  context: ({ input }) => input,
  initial: 'paying',
  states: {
    paying: {
      invoke: {
        src: 'wages',
        id: 'wages',
        input: ({ context }) => context,
        onDone: 'paid',
        onError: 'failed',
      },
    },
    paid: { type: 'final' },
    failed: { type: 'final' },
  },
});
