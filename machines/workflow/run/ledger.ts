/** The context of a workflow while one event changes it, and what its nodes are to be told for that. */
import type { NodeMessage } from './messages.ts';
import type { Failure, NodeRecord, WorkflowContext } from './record.ts';
import { Draft } from './records.ts';

export class Ledger {
  /** What to tell which node, in order. */
  readonly told: { readonly node: string; readonly message: NodeMessage }[] = [];
  /** The nodes whose actors are to be made anew. */
  readonly renewed: string[] = [];
  left: number;
  working: number;
  queue: readonly number[];
  failure: Failure | undefined;
  undo: readonly string[];
  cache: WorkflowContext['cache'];
  readonly #records: Draft;
  #ended: number;

  constructor(
    readonly context: WorkflowContext,
    /** In milliseconds since 1970. */
    readonly now: number,
  ) {
    this.#records = new Draft(context.records);
    this.#ended = context.ended;
    this.left = context.left;
    this.working = context.working;
    this.queue = context.queue;
    this.failure = context.failure;
    this.undo = context.undo;
    this.cache = context.cache;
  }

  get(number: number): NodeRecord {
    return this.#records.get(number);
  }

  set(number: number, record: NodeRecord): void {
    this.#records.set(number, record);
  }

  /** Sets the record of a node that comes to its end. */
  end(number: number, record: NodeRecord): void {
    this.left--;
    this.set(number, { ...record, finished: this.now, order: this.#ended++ });
  }

  /** The node whose actor told of what happened: it is the last to say that it has ended, if it has. */
  teller: string | undefined;

  tell(node: string, message: NodeMessage): void {
    this.told.push({ node, message });
  }

  /** What is to be assigned to the context. */
  get changes(): Partial<WorkflowContext> {
    return {
      records: this.#records.rows,
      left: this.left,
      ended: this.#ended,
      working: this.working,
      queue: this.queue,
      ...((this.left === 0 || this.failure) && { last: this.teller ?? this.told.at(-1)!.node }),
      ...(this.failure && { failure: this.failure }),
      undo: this.undo,
      cache: this.cache,
    };
  }
}
