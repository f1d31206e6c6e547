/** The context of a workflow at its beginning, and what it says. */
import { WorkflowError } from '../errors.ts';
import type { GraphShape } from '../graph/definition.ts';
import { graphOf } from '../graph/graph.ts';
import type { NodeRecord, WorkflowContext } from './record.ts';
import { saidBy } from './kept-error.ts';
import { recordAt, toRows } from './records.ts';

/** Nothing has started. */
export function begun(graph: GraphShape, input: unknown, part: string): WorkflowContext {
  const records = graph.nodes.map(({ after = [] }): NodeRecord => ({
    status: 'pending',
    open: after.length,
    met: 0,
  }));
  return {
    input,
    ...(part !== '' && { part }),
    graph,
    records: toRows(records),
    left: records.length,
    ended: 0,
    working: 0,
    queue: [],
    undo: [],
    cache: {},
  };
}

/** The record of a node by its id. */
export const recordOf = ({ graph, records }: WorkflowContext, node: string): NodeRecord =>
  recordAt(records, graphOf(graph).numbers.get(node)!);

/** What all nodes came to that are done, by id. */
export function resultsOf({ graph, records }: WorkflowContext): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  graph.nodes.forEach(({ id }, number) => {
    const { status, output } = recordAt(records, number);
    if (status === 'done') results[id] = output;
  });
  return results;
}

/** What a flow that failed fails with. */
export function failureOf({ failure, graph, records }: WorkflowContext): WorkflowError {
  const { node, error } = failure!;
  const said = saidBy(error);
  const those = (became: NodeRecord['undone']): string[] =>
    graph.nodes
      .filter((_, number) => recordAt(records, number).undone === became)
      .map(({ id: undone }) => undone);
  const left = those('failed');
  const failed =
    left.length === 0
      ? new WorkflowError('WORKFLOW_NODE_FAILED', `The node '${node}' failed: ${said}`, node, {
          cause: error,
        })
      : new WorkflowError(
          'WORKFLOW_UNDO_FAILED',
          `The node '${node}' failed: ${said} What ${left.map((id) => `'${id}'`).join(', ')} did could not be undone; ` +
            'nodeStates() has the errors.',
          node,
          { cause: error },
        );
  const undone = those('done');
  return undone.length === 0 ? failed : Object.assign(failed, { undone });
}
