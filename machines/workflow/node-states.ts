/** What has become of the nodes of a workflow. */
import type { InputQuestion } from '../../src/index.ts';
import type { NodeType } from './graph/definition.ts';
import { graphOf } from './graph/graph.ts';
import type { NodeRecord, NodeStatus } from './run/record.ts';
import { recordAt } from './run/records.ts';
import { stateOf, statusOf, type WorkflowSource } from './run/state-of.ts';

/** A question that a node waits on. */
export interface NodeQuestion extends InputQuestion {
  /** Its id, by which `runtime.answer()` finds it; only known of a run. */
  readonly id?: string;
}

/** What has become of a node. */
export interface NodeState {
  readonly type: NodeType;
  readonly status: NodeStatus;
  /** What its work was given; of a loop, in its last iteration. */
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  /**
   * The number of the attempt at its work that runs, ran last, or is waited for; of a loop, in its last iteration. 0 where
   * it has no work, or its result was kept.
   */
  readonly attempts: number;
  /** Of a loop: the iteration that runs, or ran last. */
  readonly iteration?: number;
  /** When it was started, in ISO 8601. */
  readonly started?: string;
  /** When it ended, in ISO 8601. */
  readonly finished?: string;
  /** Of a question that is open. */
  readonly question?: NodeQuestion;
  /** What became of what it did, where the flow failed later and it had `compensate`. */
  readonly undone?: 'done' | 'failed';
}

/**
 * What has become of each node of a workflow, by its id.
 *
 * @param source A run, an actor, a snapshot, or a checkpoint. So it can be asked of a run that is not open here:
 * `nodeStates(await runtime.checkpoint(id, seq))`.
 * @example
 * for (const [id, { status, attempts }] of Object.entries(nodeStates(run))) console.log(id, status, attempts);
 *
 * @throws InvalidArgumentError where it is not of a workflow.
 */
export function nodeStates(source: WorkflowSource): Record<string, NodeState> {
  const { context, isOver } = stateOf(source);
  const questions = questionIds(source);
  const states: Record<string, NodeState> = {};
  graphOf(context.graph).nodes.forEach(({ id, type }, number) => {
    const record = recordAt(context.records, number);
    states[id] = nodeState(type, record, isOver, questions.get(id));
  });
  return states;
}

function nodeState(
  type: NodeType,
  record: NodeRecord,
  isOver: boolean,
  questionId: string | undefined,
): NodeState {
  const { input, output, error, attempts = 0, iteration, started, finished, undone } = record;
  const status = statusOf(record, isOver);
  const asks = type === 'question' && status === 'waitingForInput';
  return {
    type,
    status,
    attempts,
    ...('input' in record && { input }),
    ...('output' in record && { output }),
    ...('error' in record && { error }),
    ...(iteration !== undefined && { iteration }),
    ...(started !== undefined && { started: new Date(started).toISOString() }),
    ...(finished !== undefined && { finished: new Date(finished).toISOString() }),
    ...(asks && {
      question: { ...(input as InputQuestion), ...(questionId !== undefined && { id: questionId }) },
    }),
    ...(undone && { undone }),
  };
}

/** The ids of the open questions of a run, by node. */
function questionIds(source: WorkflowSource): ReadonlyMap<string, string> {
  const { pendingInputs = [] } = source as {
    readonly pendingInputs?: readonly { readonly id: string; readonly actor: string }[];
  };
  return new Map(
    pendingInputs.flatMap(({ id, actor }) => {
      const [node, question, ...deeper] = actor.split('/').filter((part) => part !== '');
      return node !== undefined && question !== undefined && deeper.length === 0
        ? [[decodeURIComponent(node), id] as const]
        : [];
    }),
  );
}
