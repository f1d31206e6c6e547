/** Where a chat comes to rest. */
import type { UIMessageChunk } from 'ai';
import { SavepointError, type PendingInput, type Run } from '../../../src/index.ts';
import type { AgentMachine } from '../agent.ts';
import type { Rest } from './answer-stream.ts';

export type AgentRun = Run<AgentMachine<unknown>>;

/** How it comes to rest; `undefined`: it works. */
export function restOf(run: AgentRun): Rest | undefined {
  const { value, status, context } = run.getSnapshot();
  const questions = openQuestions(run);
  if (value === 'failed' || status === 'error') {
    const { failure } = context;
    const error = failure instanceof SavepointError ? failure.message : 'The agent failed.';
    return { finishReason: 'error', error, questions };
  }
  if (status === 'stopped' || run.status === 'paused' || run.status === 'quarantined')
    return { finishReason: 'interrupted', questions };
  if (value === 'waitingForInput') return { finishReason: 'tool-calls', questions };
  if (value === 'done' || status === 'done')
    return { finishReason: reasonOf(context.answer?.finishReason), questions };
  return undefined;
}

/** Questions that are not about a call of this agent: of agents that are its tools, or for more of what is limited. */
export function openQuestions(run: AgentRun): UIMessageChunk[] {
  return run.pendingInputs.map(({ id, actor, prompt, details, choices, schema }: PendingInput) => ({
    type: 'data-question',
    id,
    data: { id, actor, prompt, details, choices, schema },
    transient: true,
  }));
}

const reasons = ['stop', 'length', 'content-filter', 'tool-calls', 'error'] as const;
const reasonOf = (given: string | undefined): Rest['finishReason'] =>
  reasons.find((reason) => reason === given) ?? 'other';
