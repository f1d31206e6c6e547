/** Graphs at random come to the same with `createActor()` alone and as a run that is let go of again and again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRuntime, type Run } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { bareRun, type Came } from '../../test/support/workflow/bare-run.ts';
import { Calls } from '../../test/support/workflow/calls.ts';
import { differences } from '../../test/support/workflow/compare.ts';
import { attendRun } from '../../test/support/workflow/people.ts';
import { graphs, type RandomGraph } from '../../test/support/workflow/random-node.ts';
import { randomWorkflow } from '../../test/support/workflow/random-workflow.ts';
import type { GraphShape } from './graph/definition.ts';
import { nodeStates } from './node-states.ts';
import { retryNode } from './retry-node.ts';

const RUNS = Number(process.env['RANDOM_GRAPHS'] ?? 8);
const NODES = Number(process.env['RANDOM_NODES'] ?? 25);

/** A graph in which a node fails the flow, and the same with that and its like mended. */
const broken = (graph: RandomGraph, at: number): RandomGraph => ({
  ...graph,
  nodes: graph.nodes.map((node, number) =>
    number === at % graph.nodes.length || node.onError === 'fail'
      ? { ...node, onError: 'fail', luck: 'bad', when: true }
      : node,
  ),
});
const mended = (graph: RandomGraph): RandomGraph => ({
  ...graph,
  nodes: graph.nodes.map((node) => (node.onError === 'fail' ? { ...node, luck: 'good' } : node)),
});

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

it(`${RUNS} graphs that fail and are mended come to the same, and keep what was done`, async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(graphs(NODES), fc.nat(1000), async (given, at) => {
      const graph = broken(given, at);
      const bare = await bareRun(mended(graph), new Calls());
      // A join that does not get what it needs cannot be mended.
      if (bare.failed) return;
      const store = memoryStore();
      const calls = new Calls();
      const first = createRuntime({ store, logger: () => {} });
      const run = await first.start(randomWorkflow(graph, calls), { id: 'r', input: undefined });
      await attend(graph, run);
      await first.close();
      if (run.status === 'done') return;
      failures++;
      const kept = keptIn(graph, nodeStates(run));
      const before = calls.all.length;
      const machine = randomWorkflow(mended(graph), calls);
      const second = createRuntime({ store, machines: [machine], logger: () => {} });
      const again = await retryNode(second, 'r');
      await attend(mended(graph), again);
      expect(again.status).toBe('done');
      const came = { failed: false, states: nodeStates(again) };
      expect(differences(mended(graph), bare, came, false)).toEqual([]);
      for (const { of } of calls.all.slice(before))
        expect(kept, `${of.node} was done`).not.toContain(of.node);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(failures).toBeGreaterThan(0);
}, 120_000);

async function attend(graph: RandomGraph, run: Run): Promise<void> {
  while (run.status !== 'done' && run.status !== 'failed') {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await attendRun(graph, run);
  }
}

/** What was done, and stays so: it was not undone, and neither was anything before it. */
function keptIn(graph: RandomGraph, states: ReturnType<typeof nodeStates>): string[] {
  const shape = randomWorkflow(graph, new Calls()).config.meta as { readonly workflow: GraphShape };
  const kept = new Set<string>();
  // In the order in which nodes are added, each comes after those that it depends on.
  for (const { id, after = [] } of shape.workflow.nodes)
    if (states[id]!.undone !== 'done' && after.every((before) => kept.has(before.split(':')[0]!)))
      kept.add(id);
  return [...kept].filter((id) => states[id]!.status === 'done');
}
