/** Whom something from outside is for. */
import type { EventObject } from 'xstate';
import { graphOf } from '../graph/graph.ts';
import type { AnswerEvent } from './messages.ts';
import type { PlanOf } from './plan.ts';
import type { WorkflowContext } from './record.ts';
import { recordAt } from './records.ts';
import { fits, take } from './taking.ts';

/** The nodes that wait for an event, by number. */
export const awaiting = (planOf: PlanOf, { graph, records }: WorkflowContext, event: EventObject): number[] =>
  graphOf(graph).waiting.filter((number) => {
    const { status, input } = recordAt(records, number);
    return status === 'waitingForInput' && fits(planOf(graph, number), event, input);
  });

/** The question that an answer is for, and what it gets; `undefined` where nobody takes it. */
export function answered(
  planOf: PlanOf,
  { graph, records }: WorkflowContext,
  { node, value }: AnswerEvent,
): { readonly number: number; readonly value: unknown } | undefined {
  const number = graphOf(graph).numbers.get(node);
  if (number === undefined || graph.nodes[number]!.type !== 'question') return undefined;
  if (recordAt(records, number).status !== 'waitingForInput') return undefined;
  const taken = take(planOf(graph, number).schema, value);
  return taken && { number, ...taken };
}
