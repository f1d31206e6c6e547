/** An order at Larkspur Seeds, as a workflow: what is done, what comes after what, and how it is undone. */
import { workflow } from 'savepoint/machines';
import { z } from 'zod';
import { charge, giveBack, refund, reserve, send } from './world.ts';

/** An order over so much needs a person's word, in cents. */
const LARGE = 20_000;

const line = z.object({ seed: z.string(), packets: z.number(), cents: z.number() });

// It is an XState machine like any other: the nodes are its children, and it would run with `createActor()`, too.
export const order = workflow({
  id: 'order',
  version: '1',
  input: z.object({ customer: z.string(), lines: z.array(line) }),
  nodes: (flow) =>
    flow
      // Each line has its own entry in the journal: one that is reserved is never reserved again.
      .map('reserve', {
        over: ({ input }) => input.lines,
        concurrency: 1,
        run: ({ input, effectId }) => reserve(input.seed, input.packets, effectId),
        compensate: async ({ input: { output }, step }) => {
          for (const slip of output.toReversed())
            await step(`give back ${slip}`, ({ effectId }) => giveBack(slip, effectId));
        },
      })
      .transform('total', {
        after: ['reserve'],
        run: ({ input }) => input.lines.reduce((sum, { packets, cents }) => sum + packets * cents, 0),
      })
      .task('charge', {
        after: ['total'],
        input: ({ input, results }) => ({ customer: input.customer, cents: results.total }),
        run: ({ input, effectId }) => charge(input.customer, input.cents, effectId),
        compensate: ({ input: { output }, effectId }) => refund(output, effectId),
      })
      .choice('size', {
        after: ['charge', 'total'],
        routes: { large: ({ results }) => results.total >= LARGE, small: true },
      })
      .question('approval', {
        after: ['size:large'],
        ask: ({ input }) => ({
          prompt: `Send this to ${input.customer}?`,
          assignee: 'mira@larkspur.example',
        }),
        schema: z.object({ approved: z.boolean() }),
      })
      .transform('agreed', {
        after: ['approval'],
        run: ({ results }) => {
          if (!results.approval.approved) throw new Error('Mira says no.');
          return true;
        },
      })
      .transform('trusted', { after: ['size:small'], run: ({ results }) => results.size === 'small' })
      .task('send', {
        after: ['agreed', 'trusted'],
        input: ({ input }) => input.customer,
        run: ({ input, effectId }) => send(input, effectId),
      }),
  output: ({ results }) => results.send,
});
