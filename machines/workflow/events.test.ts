/** What nodes that wait make of what comes from outside. */
import { describe, expect, it } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { nodeStates } from './node-states.ts';
import { workflow } from './workflow.ts';

const runtime = () => createRuntime({ store: memoryStore(), logger: () => {} });

describe('an event for which several nodes wait', () => {
  // The second one was cancelled, then done, and counted twice: the flow ended before what comes after them had.
  it('ends none that it has just cancelled by way of another', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .waitFor('a', { event: 'go' })
          .waitFor('b', { event: 'go' })
          .join('first', { after: ['a', 'b'], wait: 'any' })
          .task('after', { after: ['first'], run: async () => 'done' }),
      output: ({ results }) => results.after,
    });
    const run = await runtime().start(machine, { id: 'r' });
    await run.send({ type: 'go' });
    expect(await run.done()).toBe('done');
    const { a, b, after } = nodeStates(run);
    expect([a?.status, b?.status, after?.status]).toEqual(['done', 'cancelled', 'done']);
  });
});
