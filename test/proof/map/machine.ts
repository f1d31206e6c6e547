/** A flow that goes over a long list. */
import { workflow } from 'savepoint/machines';

export const ITEMS = 10_000;
/** How many items are worked on at a time. */
export const AT_ONCE = 8;
export const RUN = 'harvest';

/** The flow, over what is told of its items. */
export const makeHarvest = (tell: (at: 'begin' | 'end', item: number) => void) =>
  workflow({
    id: 'harvest',
    nodes: (flow) =>
      flow
        .transform('list', { run: () => Array.from({ length: ITEMS }, (_, at) => at) })
        .map('pick', {
          after: ['list'],
          over: ({ results }) => results.list,
          concurrency: AT_ONCE,
          run: async ({ input }) => {
            tell('begin', input);
            // Of different lengths, so that they do not end in order.
            if (input % 7 === 0) await new Promise((resolve) => setTimeout(resolve, input % 3));
            tell('end', input);
            return `fruit ${input}`;
          },
        })
        .transform('count', { after: ['pick'], run: ({ results }) => results.pick.length }),
    output: ({ results }) => results.pick,
  });
