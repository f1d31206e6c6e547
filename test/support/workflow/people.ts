/** Whoever answers the questions of random workflows, and sends them what they wait for. */
import type { AnyActor, EventObject } from 'xstate';
import { InputClosedError, RunClosedError, type Run } from 'savepoint';
import { nodeStates, type NodeState } from 'savepoint/machines';
import type { RandomGraph } from './random-node.ts';
import { isForgotten } from './random-workflow.ts';

type States = Readonly<Record<string, NodeState>>;

/** The nodes of a type that wait, but for those whom nobody thinks of. */
function waiting(graph: RandomGraph, states: States, type: 'question' | 'waitFor'): string[] {
  return Object.keys(states).filter((id) => {
    const { type: its, status } = states[id]!;
    return its === type && status === 'waitingForInput' && isThoughtOf(graph, id);
  });
}

function isThoughtOf({ nodes }: RandomGraph, id: string): boolean {
  const node = /^n\d+$/.test(id) ? nodes[Number(id.slice(1))] : undefined;
  return node !== undefined && !isForgotten(node);
}

const answerTo = (id: string): string => `re ${id}`;

/** Answers whatever a workflow without a runtime waits for now. */
export function attendActor(graph: RandomGraph, actor: AnyActor): void {
  const states = nodeStates(actor);
  for (const node of waiting(graph, states, 'question'))
    actor.send({ type: 'workflow.answer', node, value: answerTo(node) } as EventObject);
  for (const of of waiting(graph, states, 'waitFor')) actor.send({ type: 'news', of } as EventObject);
}

/** Answers whatever a run waits for now; what was cut off and asks runs again. */
export async function attendRun(graph: RandomGraph, run: Run): Promise<void> {
  const questions = waiting(graph, nodeStates(run), 'question');
  for (const { id, actor, prompt = '' } of run.pendingInputs)
    if (actor.includes('/work')) await unlessOver(run.answer(id, { action: 'rerun' }));
    else if (questions.includes(prompt)) await unlessOver(run.answer(id, answerTo(prompt)));
  for (const of of waiting(graph, nodeStates(run), 'waitFor'))
    await unlessOver(run.send({ type: 'news', of }, { id: `news of ${of}` }));
}

/** What is answered may be over by now: its time was out, or the flow has failed. */
async function unlessOver(said: Promise<unknown>): Promise<void> {
  try {
    await said;
  } catch (error) {
    if (!(error instanceof InputClosedError || error instanceof RunClosedError)) throw error;
  }
}
