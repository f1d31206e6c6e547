/** What a run keeps of its nodes. */
import type { GraphShape } from '../graph/definition.ts';

/** The states of a node; the last four are its ends. */
export type NodeStatus =
  | 'pending'
  | 'running'
  | 'waitingForInput'
  | 'done'
  | 'failed'
  | 'skipped'
  | 'cancelled';

/** What a run keeps of one node. Times are in milliseconds since 1970. */
export interface NodeRecord {
  readonly status: NodeStatus;
  /** While it is pending: how many of its edges are not decided, and how many are met. */
  readonly open?: number;
  readonly met?: number;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  /** The number of the attempt at its work, or at its present iteration. */
  readonly attempts?: number;
  readonly started?: number;
  readonly finished?: number;
  /** Of a loop: the number of the iteration that runs, or ran last. */
  readonly iteration?: number;
  /** How often it was done before, and is now run again. */
  readonly round?: number;
  /** Of one that ended: how many had ended before it. */
  readonly order?: number;
  /** What became of what it did, after the flow failed. */
  readonly undone?: 'done' | 'failed';
}

/** How the flow failed. */
export interface Failure {
  readonly node: string;
  readonly error: unknown;
}

/** The context of a workflow's machine. */
export interface WorkflowContext<TInput = unknown> {
  readonly input: TInput;
  /** What tells its effects from those of another that has its path: nothing for most. */
  readonly part?: string;
  /** The graph that the run was started with, which is the one that it goes on with. */
  readonly graph: GraphShape;
  /** The nodes in the graph's order, in rows of equal length, so that a change copies few of them. */
  readonly records: readonly (readonly NodeRecord[])[];
  /** How many nodes have not come to their end. */
  readonly left: number;
  /** How many have. */
  readonly ended: number;
  /** How many work. */
  readonly working: number;
  /** Those that may start as soon as another one ends, by number. */
  readonly queue: readonly number[];
  /** Once all have ended, or the flow has failed: the node whose actor is the last to say that it has ended. */
  readonly last?: string;
  readonly failure?: Failure;
  /** What is left to be undone, next first. */
  readonly undo: readonly string[];
  /** What nodes with `cache` came to, by what they were given. */
  readonly cache: Readonly<Record<string, unknown>>;
}
