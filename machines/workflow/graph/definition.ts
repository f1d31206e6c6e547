/** A workflow as data: what is kept with each run, and what JSON says. */

/** The kinds of nodes. */
export type NodeType =
  | 'task'
  | 'choice'
  | 'join'
  | 'map'
  | 'loop'
  | 'question'
  | 'waitFor'
  | 'wait'
  | 'subflow'
  | 'transform';

/** How many of the nodes before it a join needs: all that are not skipped, the first one, or so many. */
export type JoinMode = 'all' | 'any' | number;

/** A node and the edges that lead to it. */
export interface NodeShape {
  readonly id: string;
  readonly type: NodeType;
  /** The ids of the nodes before it, one of their routes being `id:route`. */
  readonly after?: readonly string[] | undefined;
  /** Of a choice: its routes, in order. */
  readonly routes?: readonly { readonly name: string }[];
  /** Of a join. Default `all`. */
  readonly wait?: JoinMode | undefined;
  /** Whether it has the route `error`, for when it fails. */
  readonly onError?: 'fail' | 'skip' | 'route' | undefined;
}

/** The graph of a workflow. A run keeps the one that it was started with. */
export interface GraphShape {
  readonly nodes: readonly NodeShape[];
  /** How many nodes may work at the same time. Default: all that can. */
  readonly concurrency?: number | undefined;
}
