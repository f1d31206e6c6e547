/** Finds the state of a workflow in whatever has it. */
import { type Checkpoint, InvalidArgumentError } from '../../../src/index.ts';
import type { NodeRecord, NodeStatus, WorkflowContext } from './record.ts';

/** Something that has the state of a workflow: a run, an actor, a checkpoint, or a snapshot, also one that is stored. */
export type WorkflowSource = { getSnapshot(): unknown } | Checkpoint | object;

/** The context of a workflow, and whether it has come to an end. */
export function stateOf(source: WorkflowSource): {
  readonly context: WorkflowContext;
  readonly isOver: boolean;
} {
  const { context, status } = (snapshotIn(source) ?? {}) as {
    readonly context?: WorkflowContext;
    readonly status?: unknown;
  };
  if (!context || !Array.isArray(context.records) || !Array.isArray(context.graph?.nodes))
    throw new InvalidArgumentError(
      'This is not the state of a workflow: it takes a run, an actor, a checkpoint or a snapshot of a machine made with workflow().',
    );
  return { context, isOver: status !== 'active' };
}

function snapshotIn(source: WorkflowSource): unknown {
  if ('getSnapshot' in source && typeof source.getSnapshot === 'function') return source.getSnapshot();
  return 'snapshot' in source ? source.snapshot : source;
}

/** Whatever has not ended when its flow is over never will. */
export function statusOf({ status }: NodeRecord, isOver: boolean): NodeStatus {
  const isOpen = status === 'pending' || status === 'running' || status === 'waitingForInput';
  return isOver && isOpen ? 'cancelled' : status;
}
