/** Whom something from outside is for. */
import type { EventObject } from 'xstate';
import { graphOf } from '../graph/graph.ts';
import type { AnswerEvent } from './messages.ts';
import type { PlanOf } from './plan.ts';
import type { WorkflowContext } from './record.ts';
import { recordAt } from './records.ts';
import { take, taken } from './taking.ts';

/** What somebody outside has for a node. */
interface Told {
  readonly number: number;
  readonly value: unknown;
}

/** The nodes that wait for an event, by number, each with what its schema makes of it. */
export const awaiting = (
  planOf: PlanOf,
  { graph, records }: WorkflowContext,
  event: EventObject,
): readonly Told[] =>
  graphOf(graph).waiting.flatMap((number) => {
    const { status, input } = recordAt(records, number);
    const given = status === 'waitingForInput' ? taken(planOf(graph, number), event, input) : undefined;
    return given ? { number, ...given } : [];
  });

/** The question that an answer is for, and what it gets; `undefined` where nobody takes it. */
export function answered(
  planOf: PlanOf,
  { graph, records }: WorkflowContext,
  { node, value }: AnswerEvent,
): Told | undefined {
  const number = graphOf(graph).numbers.get(node);
  if (number === undefined || graph.nodes[number]!.type !== 'question') return undefined;
  if (recordAt(records, number).status !== 'waitingForInput') return undefined;
  const given = take(planOf(graph, number).schema, value);
  return given && { number, ...given };
}
