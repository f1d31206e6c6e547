/** Finds the state of a workflow in whatever has it. */
import { InvalidArgumentError } from '../../../src/index.ts';
import type { NodeRecord, NodeStatus, WorkflowContext } from './record.ts';

/** Something that has the state of a workflow: a run, an actor, a snapshot of one, or a stored snapshot. */
export type WorkflowSource = { getSnapshot(): unknown } | object;

/** The context of a workflow, and whether it has come to an end. */
export function stateOf(source: WorkflowSource): {
  readonly context: WorkflowContext;
  readonly isOver: boolean;
} {
  const given: unknown =
    'getSnapshot' in source && typeof source.getSnapshot === 'function' ? source.getSnapshot() : source;
  const { context, status } = (given ?? {}) as {
    readonly context?: WorkflowContext;
    readonly status?: unknown;
  };
  if (!context || !Array.isArray(context.records) || !Array.isArray(context.graph?.nodes))
    throw new InvalidArgumentError(
      'This is not the state of a workflow: it takes a run, an actor or a snapshot of a machine made with workflow().',
    );
  return { context, isOver: status !== 'active' };
}

/** Whatever has not ended when its flow is over never will. */
export function statusOf({ status }: NodeRecord, isOver: boolean): NodeStatus {
  const isOpen = status === 'pending' || status === 'running' || status === 'waitingForInput';
  return isOver && isOpen ? 'cancelled' : status;
}
