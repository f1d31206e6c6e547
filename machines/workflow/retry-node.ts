/** Goes on with a workflow from one of its nodes. */
import { CheckpointNotFoundError, type Run, type Runtime } from '../../src/index.ts';
import { WorkflowError } from './errors.ts';
import { nodeStates, type NodeState } from './node-states.ts';
import type { EndedNode, RetryEvent } from './run/messages.ts';
import { stateOf } from './run/state-of.ts';
import { isUndoneWithin } from './run/undone-within.ts';

/**
 * Takes a workflow that failed up again: from the node that failed, or from a named one and all that depends on it. What
 * the others did is kept, and what was undone is done again; the failed attempt stays in the history. A workflow that has not
 * failed runs the named node again.
 *
 * The failed node goes on with the steps that it has finished; a node that is named begins afresh, and so does a subflow
 * that failed and undid what it did. What was in flight with
 * `onInterrupt: 'fail'` does not begin again by itself, and fails the flow once more: name its node.
 *
 * It goes back to the newest checkpoint before the failure, so that has to be kept: not with `history: 'replace'`.
 *
 * @throws WorkflowError where there is no such node.
 * @throws CheckpointNotFoundError where the checkpoint before the failure is not kept.
 * @throws what `runtime.retry()` and `runtime.open()` throw.
 * @example
 * const run = await retryNode(runtime, 'order-7', 'charge');
 */
export async function retryNode(runtime: Runtime, id: string, node?: string): Promise<Run> {
  const { seq, status } = await runtime.get(id);
  const last = await runtime.checkpoint(id, seq);
  const nodes = nodeStates(last);
  if (node !== undefined && !Object.hasOwn(nodes, node))
    throw new WorkflowError('WORKFLOW_NO_NODE', `The workflow '${id}' has no node '${node}'.`, node);
  const undone = Object.keys(nodes).filter((other) => nodes[other]!.undone === 'done');
  const again = [...(node === undefined ? [] : [node]), ...undone];
  if (status === 'failed' || status === 'done') {
    const from = await beforeTheEnd(runtime, id);
    const before = await runtime.checkpoint(id, from);
    const { failure } = stateOf(last).context;
    const event = retryEvent(
      again,
      failure && isUndoneWithin(before.snapshot, failure) ? [failure.node] : [],
      status === 'done' ? endedSince(nodeStates(before), nodes) : [],
    );
    return runtime.retry(id, { from, ...(event && { event }) });
  }
  const run = await runtime.open(id);
  const event = retryEvent(again, [], []);
  if (event) await run.send(event);
  return run;
}

/** `undefined`: there is nothing to tell. */
const retryEvent = (
  nodes: readonly string[],
  anew: readonly string[],
  ended: readonly EndedNode[],
): RetryEvent | undefined =>
  nodes.length + anew.length + ended.length > 0
    ? { type: 'workflow.retry', nodes, ...(anew.length > 0 && { anew }), ...(ended.length > 0 && { ended }) }
    : undefined;

/** What nodes came to whose work, or wait, ended in the turn that ended the flow. What follows from that follows again. */
function endedSince(
  before: Readonly<Record<string, NodeState>>,
  after: Readonly<Record<string, NodeState>>,
): readonly EndedNode[] {
  return Object.entries(before).flatMap(([node, { status }]): readonly EndedNode[] => {
    if (status !== 'running' && status !== 'waitingForInput') return [];
    const { status: became, output, error } = after[node]!;
    if (became === 'done') return [{ node, output }];
    return became === 'failed' || became === 'skipped' ? [{ node, error }] : [];
  });
}

/** The newest checkpoint in which the flow was going on. */
async function beforeTheEnd(runtime: Runtime, id: string): Promise<number> {
  for await (const { seq, value } of runtime.history(id, { order: 'desc' }))
    if (value === 'running') return seq;
  throw new CheckpointNotFoundError(id, 0);
}
