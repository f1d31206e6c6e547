/** Graphs at random come to the same with `createActor()` alone and as a run that is let go of again and again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { bareRun, type Came } from '../../test/support/workflow/bare-run.ts';
import { Calls } from '../../test/support/workflow/calls.ts';
import { differences } from '../../test/support/workflow/compare.ts';
import { attendRun } from '../../test/support/workflow/people.ts';
import { graphs, type RandomGraph } from '../../test/support/workflow/random-node.ts';
import { randomWorkflow } from '../../test/support/workflow/random-workflow.ts';
import { nodeStates } from './node-states.ts';

const RUNS = Number(process.env['RANDOM_GRAPHS'] ?? 8);
const NODES = Number(process.env['RANDOM_NODES'] ?? 25);

/** Lets it go after so many milliseconds, each time, and then lets it come to its end. */
async function inLives(graph: RandomGraph, calls: Calls, lives: readonly number[]): Promise<Came> {
  const store = memoryStore();
  const machine = randomWorkflow(graph, calls);
  for (let life = 0; ; life++) {
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    const run = await runtime.ensure(machine, { id: 'r', input: undefined });
    const ended = Object.entries(nodeStates(run)).filter(([, { finished }]) => finished !== undefined);
    const before = calls.all.length;
    const until = performance.now() + (lives[life] ?? Infinity);
    while (run.status !== 'done' && run.status !== 'failed' && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await attendRun(graph, run);
    }
    await runtime.close({ grace: 0 });
    for (const { of } of calls.all.slice(before))
      if (of.part !== 'undo')
        expect(
          ended.map(([id]) => id),
          `${of.node} had ended`,
        ).not.toContain(of.node);
    if (run.status === 'done' || run.status === 'failed')
      return { failed: run.status === 'failed', states: nodeStates(run) };
  }
}

it(`${RUNS} graphs at random come to the same, and finished work is not done again`, async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs(NODES),
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 6 }),
      async (graph, lives) => {
        const one = await bareRun(graph, new Calls());
        const other = await inLives(graph, new Calls(), lives);
        expect(differences(graph, one, other)).toEqual([]);
      },
    ),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 120_000);
