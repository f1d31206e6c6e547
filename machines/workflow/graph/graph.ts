/** The edges of a workflow, looked up by number: what the scheduler walks along. */
import type { GraphShape, NodeShape } from './definition.ts';
import { checkShape } from './check-shape.ts';
import { splitReference } from './references.ts';

/** Leads from a node to one that depends on it. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Met only if the node took this route. */
  readonly route: string | undefined;
}

export interface Graph {
  readonly nodes: readonly NodeShape[];
  readonly concurrency: number;
  readonly numbers: ReadonlyMap<string, number>;
  /** The nodes that wait for events from outside. */
  readonly waiting: readonly number[];
  /** By the number of the node that they lead to. */
  readonly before: readonly (readonly Edge[])[];
  /** By the number of the node that they come from. */
  readonly after: readonly (readonly Edge[])[];
}

const known = new WeakMap<GraphShape, Graph>();

/** The graph of a shape. A shape is compiled once. Throws `WorkflowError` where it is no graph. */
export function graphOf(shape: GraphShape): Graph {
  let graph = known.get(shape);
  if (!graph) known.set(shape, (graph = compile(shape)));
  return graph;
}

function compile({ nodes, concurrency = Infinity }: GraphShape): Graph {
  checkShape(nodes);
  const numbers = new Map(nodes.map(({ id }, number) => [id, number]));
  const after: Edge[][] = nodes.map(() => []);
  const before = nodes.map((node, to) =>
    (node.after ?? []).map((reference): Edge => {
      const { id, route } = splitReference(reference);
      const from = numbers.get(id)!;
      const edge = { from, to, route };
      after[from]!.push(edge);
      return edge;
    }),
  );
  const waiting = [...nodes.keys()].filter((number) => nodes[number]!.type === 'waitFor');
  return { nodes, concurrency, numbers, waiting, before, after };
}
