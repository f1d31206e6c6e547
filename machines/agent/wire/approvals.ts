/** Which questions were asked about the tool calls of a transcript. */
import type { InputRecord, Runtime } from '../../../src/index.ts';
import { childrenOf } from '../run/calls.ts';
import type { AgentToolResult } from '../messages.ts';
import { partsOf } from './step-chunks.ts';
import type { Step, Turn } from './turn.ts';

/** The ids of questions, by the calls that they are about. */
export type Questions = Map<string, string>;

/** What a call is found by. */
export const callKey = (step: Step, toolCallId: string): string => `${step.message.id} ${toolCallId}`;

/** A call of a step, in its place among the others. */
export interface StepCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  /** The id of its actor. */
  readonly child: string;
}

/** The calls that the agent makes itself. */
export function callsIn({ message }: Step): readonly StepCall[] {
  const calls = partsOf(message)
    .filter((part) => part.type === 'tool-call')
    .filter((part) => !part.providerExecuted);
  const children = childrenOf(calls.map(({ toolCallId }) => toolCallId));
  return calls.map(({ toolCallId, toolName, input }, number) => ({
    toolCallId,
    toolName,
    input,
    child: children[number]!,
  }));
}

const encode = (part: string): string => part.replace(/[%/:#]/g, encodeURIComponent);

/** The path of the actor that asks whether a call may be made. */
export const askerOf = (child: string): string => `${encode(child)}/approval`;

/** Does the id of a question begin as those of this run? */
export const isOfRun = (question: string, run: string): boolean => question.startsWith(`${encode(run)}/`);

/**
 * Looks up which questions were asked about the calls of `wanted`, some of the turns of a run. A question that is closed
 * does not say what it was about; when it was answered, and what, tells it from those about calls with the same id.
 */
export async function recallQuestions(
  runtime: Pick<Runtime, 'recordOf'>,
  run: string,
  turns: readonly Turn[],
  wanted: readonly Turn[] = turns,
): Promise<Questions> {
  const children = new Set(
    wanted.flatMap(({ steps }) => steps.flatMap((step) => callsIn(step).map(({ child }) => child))),
  );
  const asked = new Map<string, number>();
  const questions: Questions = new Map();
  const all = turns.flatMap(({ steps }) => steps);
  for (const [number, step] of all.entries())
    for (const { toolCallId, child } of callsIn(step)) {
      if (!children.has(child)) continue;
      const times = (asked.get(child) ?? 0) + 1;
      const id = `${encode(run)}/${askerOf(child)}${times === 1 ? '' : `#${times}`}`;
      const record = await runtime.recordOf(id);
      if (!record || !isWithin(record, step, all[number + 1])) continue;
      if (!fits(record, step.results.get(toolCallId))) continue;
      asked.set(child, times);
      questions.set(callKey(step, toolCallId), id);
    }
  return questions;
}

/** The seq of the turn in which a model was asked for a message: its id ends with it. */
const seqOf = ({ message }: Step): number => Number(/:(\d+)$/.exec(message.id)?.[1] ?? Number.NaN);

/** May a question have been answered after a step, and before the next one? */
const isWithin = ({ seq }: InputRecord, step: Step, next: Step | undefined): boolean =>
  // Comparisons with what is not known are false.
  seq === undefined || !(seq <= seqOf(step) || (next !== undefined && seq > seqOf(next)));

/** May a question with this record be the one about the call with this result? */
function fits({ status, value }: InputRecord, result: AgentToolResult | undefined): boolean {
  const isDenied = result?.output.type === 'execution-denied';
  const { approve } = (value ?? {}) as { readonly approve?: unknown };
  switch (status) {
    case 'open':
      return result === undefined;
    case 'answered':
      return approve === !isDenied;
    case 'expired':
    case 'withdrawn':
      return isDenied;
    default:
      return false;
  }
}
