/** What becomes of an answer: it is checked, or the model is told why it does not fit. */
import { asSchema, type FlexibleSchema } from 'ai';
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { AgentError } from '../errors.ts';
import { ended, finished } from './finish.ts';
import { newlyTold, nextLoop } from './begin.ts';
import type { AgentAnswer, AgentContext } from './context.ts';
import type { AgentPlan } from './plan.ts';

/** What a text came to. */
export type Checked = { readonly object: unknown } | { readonly misfit: string };

/** Actor logic that makes an object of a text, by a schema, which may be asynchronous. */
export const answerLogic = (schema: FlexibleSchema): PromiseActorLogic<Checked, string> =>
  fromPromise(async ({ input: text }) => {
    let given: unknown;
    try {
      given = JSON.parse(withoutFence(text));
    } catch (error) {
      return { misfit: `It is no JSON: ${(error as Error).message}` };
    }
    const { validate } = asSchema(schema);
    if (!validate) return { object: given };
    const result = await validate(given);
    return result.success ? { object: result.value } : { misfit: result.error.message };
  });

/** Models like to put JSON into a fence. */
const withoutFence = (text: string): string =>
  /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(text)?.[1] ?? text;

/** The answer of this turn is there. */
export function answered(
  context: AgentContext,
  plan: AgentPlan,
  answer: AgentAnswer,
  now: number,
): AgentContext {
  if (context.queue.length === 0 || context.stopping) return ended(context, answer);
  // Somebody spoke in while it answered: what it said is a part of what it says to that.
  return newlyTold(context, plan, now, context.turn.from);
}

/** The answer was looked at. */
export function checked(context: AgentContext, plan: AgentPlan, result: Checked, now: number): AgentContext {
  const { answer, turn, messages } = context;
  if ('object' in result) return answered(context, plan, { ...answer!, object: result.object }, now);
  if (context.stopping) return finished(context);
  const misfits = turn.misfits + 1;
  if (misfits > plan.maxMisfits)
    return {
      ...context,
      failure: new AgentError(
        'AGENT_OUTPUT',
        `The answer of '${plan.id}' does not fit its schema: ${result.misfit}`,
      ),
      goal: 'failed',
    };
  const told = {
    id: `${answer!.id}/misfit`,
    role: 'user' as const,
    content: `That answer does not fit. ${result.misfit}\nAnswer again, with JSON that fits the schema and nothing else.`,
  };
  return nextLoop(
    { ...context, messages: [...messages, told], answer: undefined, turn: { ...turn, misfits } },
    plan,
    now,
  );
}
