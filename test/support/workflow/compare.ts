/** Tells where two flows of the same random graph came to something else. */
import { isDeepStrictEqual } from 'node:util';
import type { NodeState } from 'savepoint/machines';
import type { Came } from './bare-run.ts';
import { isPatient } from './random-workflow.ts';
import type { RandomGraph } from './random-node.ts';

/** The differences between a flow and the one that nothing happened to. `attempts`: are they to be the same, too? */
export function differences(graph: RandomGraph, one: Came, other: Came, attempts = true): string[] {
  if (one.failed !== other.failed)
    return [`it ${other.failed ? 'failed' : 'did not fail'}, and bare it ${one.failed ? 'did' : 'did not'}`];
  const ids = Object.keys(one.states);
  if (!isDeepStrictEqual(ids, Object.keys(other.states))) return ['it has other nodes'];
  return ids.flatMap((id) => {
    const [mine, theirs] = [one.states[id]!, other.states[id]!];
    // Of a flow that fails, what was done until then is a matter of time.
    if (one.failed && (isCutOff(mine) || isCutOff(theirs))) return [];
    const [a, b] = [mine, theirs].map((state) =>
      comparable(graph, id, attempts ? state : { ...state, attempts: 0 }),
    );
    return isDeepStrictEqual(a, b) ? [] : [`${id} is ${JSON.stringify(b)}, and bare ${JSON.stringify(a)}`];
  });
}

const isCutOff = ({ status }: NodeState): boolean => status === 'cancelled';

function comparable(graph: RandomGraph, id: string, state: NodeState): object {
  const { type, status, input, output, error, iteration, attempts, undone } = state;
  const node = graph.nodes[Number(id.replace(/\D/g, ''))]!;
  return {
    type,
    status,
    input,
    iteration,
    // What a join of some came to is a matter of time.
    ...(type !== 'join' && { output }),
    error: error instanceof Error ? `${error.name}: ${error.message}` : error,
    // Whether it was the first with this input, or had begun when it was cancelled, is a matter of time.
    ...(!isPatient(node) && !node.cache && status !== 'cancelled' && { attempts }),
    ...(undone !== undefined && { undone }),
  };
}
