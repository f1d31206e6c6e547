/** Goes on with a workflow from one of its nodes. */
import { CheckpointNotFoundError, type Run, type Runtime } from '../../src/index.ts';
import { WorkflowError } from './errors.ts';
import { nodeStates } from './node-states.ts';

/**
 * Takes a workflow that failed up again: from the node that failed, or from a named one and all that depends on it. What
 * the others did is kept, and what was undone is done again; the failed attempt stays in the history. A workflow that has not
 * failed runs the named node again.
 *
 * The failed node goes on with the steps that it has finished; a node that is named begins afresh. What was in flight with
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
  const nodes = nodeStates((await runtime.checkpoint(id, seq)).snapshot as object);
  if (node !== undefined && !Object.hasOwn(nodes, node))
    throw new WorkflowError('WORKFLOW_NO_NODE', `The workflow '${id}' has no node '${node}'.`, node);
  const undone = Object.keys(nodes).filter((other) => nodes[other]!.undone === 'done');
  const again = [...(node === undefined ? [] : [node]), ...undone];
  const event = again.length > 0 ? { type: 'workflow.retry', nodes: again } : undefined;
  if (status === 'failed' || status === 'done')
    return runtime.retry(id, { from: await beforeTheEnd(runtime, id), ...(event && { event }) });
  const run = await runtime.open(id);
  if (event) await run.send(event);
  return run;
}

/** The newest checkpoint in which the flow was going on. */
async function beforeTheEnd(runtime: Runtime, id: string): Promise<number> {
  for await (const { seq, value } of runtime.history(id, { order: 'desc' }))
    if (value === 'running') return seq;
  throw new CheckpointNotFoundError(id, 0);
}
