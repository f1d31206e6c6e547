/** Graphs at random come to the same with `createActor()` alone and as a run that is let go of again and again. */
import fc from 'fast-check';
import { createActor } from 'xstate';
import { expect, it } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import {
  type Calls,
  graphs,
  type RandomNode,
  randomWorkflow,
} from '../../test/support/workflow/random-graph.ts';
import { nodeStates } from './node-states.ts';

const RUNS = Number(process.env['RANDOM_GRAPHS'] ?? 8);
const NODES = Number(process.env['RANDOM_NODES'] ?? 25);

interface Came {
  readonly failed: boolean;
  readonly nodes: ReturnType<typeof nodeStates>;
}

const newCalls = (): Calls => ({ attempts: new Map(), items: new Map() });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const waiting = (nodes: ReturnType<typeof nodeStates>, type: string): string[] =>
  Object.keys(nodes).filter((id) => nodes[id]!.type === type && nodes[id]!.status === 'waitingForInput');

async function bare(graph: readonly RandomNode[], calls: Calls): Promise<Came> {
  const actor = createActor(randomWorkflow(graph, calls), { input: undefined });
  actor.subscribe({ error: () => {} });
  actor.start();
  while (actor.getSnapshot().status === 'active') {
    await pause(1);
    const nodes = nodeStates(actor);
    for (const node of waiting(nodes, 'question'))
      actor.send({ type: 'workflow.answer', node, value: `re ${node}` });
    for (const of of waiting(nodes, 'waitFor')) actor.send({ type: 'news', of } as never);
  }
  return { failed: actor.getSnapshot().status === 'error', nodes: nodeStates(actor) };
}

async function asRun(graph: readonly RandomNode[], calls: Calls, lives: readonly number[]): Promise<Came> {
  const store = memoryStore();
  const machine = randomWorkflow(graph, calls);
  for (let life = 0; ; life++) {
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    const run = await runtime.ensure(machine, { id: 'r', input: undefined });
    const ended = Object.entries(nodeStates(run)).filter(([, { finished }]) => finished !== undefined);
    const before = new Map(ended.map(([id]) => [id, calls.attempts.get(id)?.length]));
    const until = performance.now() + (lives[life] ?? Infinity);
    while (
      ['running', 'idle', 'sleeping', 'waitingForInput'].includes(run.status) &&
      performance.now() < until
    ) {
      await pause(1);
      for (const { id, prompt } of run.pendingInputs) await run.answer(id, `re ${prompt}`).catch(() => {});
      for (const of of waiting(nodeStates(run), 'waitFor'))
        await run.send({ type: 'news', of } as never).catch(() => {});
    }
    await runtime.close({ grace: 0 });
    for (const [id, times] of before)
      expect(calls.attempts.get(id)?.length, `${id} ended, and did not run again`).toBe(times);
    if (run.status === 'done' || run.status === 'failed')
      return { failed: run.status === 'failed', nodes: nodeStates(run) };
  }
}

/** What must be the same. What a join of some came to, and when, may differ. */
const comparable = ({ nodes }: Came, graph: readonly RandomNode[]): object =>
  Object.fromEntries(
    Object.entries(nodes).map(([id, { type, status, output, error, iteration }], number) => [
      id,
      {
        type,
        status,
        ...(graph[number]!.type !== 'join' && { output }),
        error: error instanceof Error ? error.message : error,
        iteration,
      },
    ]),
  );

it(`${RUNS} graphs at random come to the same, and finished work is not done again`, async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs(NODES),
      fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 6 }),
      async (graph, lives) => {
        const [once, again] = [newCalls(), newCalls()];
        const one = await bare(graph, once);
        const other = await asRun(graph, again, lives);
        expect(other.failed).toBe(one.failed);
        // Of a flow that fails, what was done until then is a matter of time.
        if (!one.failed) expect(comparable(other, graph)).toEqual(comparable(one, graph));
        for (const [id, attempts] of one.failed ? [] : once.attempts)
          expect(attempts.length, `${id} was called once an attempt`).toBe(one.nodes[id]!.attempts);
        for (const [id, attempts] of again.attempts)
          expect(attempts.length, `${id} was called once more where it was cut off`).toBeLessThanOrEqual(
            other.nodes[id]!.attempts + lives.length,
          );
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);
