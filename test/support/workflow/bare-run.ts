/** A random workflow with `createActor()` alone. */
import { createActor } from 'xstate';
import { nodeStates, type NodeState } from 'savepoint/machines';
import type { Calls } from './calls.ts';
import { attendActor } from './people.ts';
import type { RandomGraph } from './random-node.ts';
import { randomWorkflow } from './random-workflow.ts';

/** What a flow came to. */
export interface Came {
  readonly failed: boolean;
  readonly states: Readonly<Record<string, NodeState>>;
}

/** Runs it to its end. */
export async function bareRun(graph: RandomGraph, calls: Calls): Promise<Came> {
  const actor = createActor(randomWorkflow(graph, calls), { input: undefined });
  actor.subscribe({ error: () => {} });
  actor.start();
  while (actor.getSnapshot().status === 'active') {
    await new Promise((resolve) => setTimeout(resolve, 1));
    attendActor(graph, actor);
  }
  return { failed: actor.getSnapshot().status === 'error', states: nodeStates(actor) };
}
