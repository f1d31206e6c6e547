/** How far a workflow is. */
import type { NodeStatus } from './run/record.ts';
import { stateOf, statusOf, type WorkflowSource } from './run/state-of.ts';

/** How far a workflow is. */
export interface Progress {
  readonly total: number;
  /** How many have ended, in whatever way. */
  readonly ended: number;
  /** `ended` of `total`: 0 to 1. */
  readonly ratio: number;
  /** How many nodes have each status. */
  readonly nodes: Readonly<Record<NodeStatus, number>>;
}

/**
 * How far a workflow is, for a progress bar.
 *
 * @param source As for `nodeStates()`.
 * @example
 * run.subscribe(() => bar.update(progress(run).ratio));
 *
 * @throws InvalidArgumentError where it is not of a workflow.
 */
export function progress(source: WorkflowSource): Progress {
  const { context, isOver } = stateOf(source);
  const nodes = { pending: 0, running: 0, waitingForInput: 0, done: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const row of context.records) for (const record of row) nodes[statusOf(record, isOver)]++;
  const ended = nodes.done + nodes.failed + nodes.skipped + nodes.cancelled;
  const total = context.graph.nodes.length;
  return { total, ended, ratio: ended / total, nodes };
}
