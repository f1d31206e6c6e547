/** What a workflow tells its nodes, and they it. */

/** To a node: go to work, or to one that works: do it again. */
export interface RunMessage {
  readonly type: 'node.run';
  /** The name of the work. Without it, the node only waits for `delay`. */
  readonly src?: string;
  readonly input?: unknown;
  /** What tells the effects of its work from those of the same node at another time. */
  readonly part?: string;
  /** What comes after its work is for the workflow to say. */
  readonly asks?: boolean;
  /** In milliseconds. */
  readonly delay?: number;
  readonly timeout?: number;
}

/** To a node: wait for somebody outside. */
interface AskMessage {
  readonly type: 'node.ask';
  /** The name of the question, where it is one. */
  readonly src?: string;
  readonly input?: unknown;
  readonly timeout?: number;
}

/** To a node: ask to be started in a turn of its own. */
interface LaterMessage {
  readonly type: 'node.later';
}

/** From a node: it is to be started. */
export interface StartMessage {
  readonly type: 'workflow.start';
  readonly node: string;
}

/** To a node: your time is out for good. Say so in a turn of its own. */
interface ExpireMessage {
  readonly type: 'node.expire';
}

/** From a node: its time is out for good. */
export interface ExpiredMessage {
  readonly type: 'workflow.expired';
  readonly node: string;
  /** The run was opened again since: then the node gets its time anew. */
  readonly isAnew: boolean;
}

/** To a node: this is your end. */
export interface EndMessage {
  readonly type: 'node.done' | 'node.failed' | 'node.skipped' | 'node.cancelled';
}

export type NodeMessage = RunMessage | AskMessage | LaterMessage | ExpireMessage | EndMessage;

/** From a node: what its work came to. */
export interface WorkedMessage {
  readonly type: 'workflow.worked';
  readonly node: string;
  readonly output?: unknown;
}

/** From a node: its work failed, or took longer than its timeout, in milliseconds. */
export interface StumbledMessage {
  readonly type: 'workflow.stumbled';
  readonly node: string;
  readonly error?: unknown;
  readonly timeout?: number;
}

/** Answers a question where there is no runtime whose `answer()` would. */
export interface AnswerEvent {
  readonly type: 'workflow.answer';
  /** The id of the node that asks. */
  readonly node: string;
  readonly value: unknown;
}

/** What a node came to, in whose turn the flow ended. */
export type EndedNode = { readonly node: string } & (
  | { readonly output: unknown }
  | { readonly error: unknown }
);

/** Runs nodes again, and all that depends on them. What the others did is kept. */
export interface RetryEvent {
  readonly type: 'workflow.retry';
  readonly nodes: readonly string[];
  /** Those whose work was a flow that had undone what it did: it begins anew. */
  readonly anew?: readonly string[];
  /** What others came to since the checkpoint from which the flow goes on: that, too, is kept. */
  readonly ended?: readonly EndedNode[];
}
