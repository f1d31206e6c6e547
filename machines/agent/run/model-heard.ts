/** What follows from what a model said, or from its failure. */
import { retryDelay } from '../../../src/index.ts';
import { AgentError } from '../errors.ts';
import type { FailedCall } from '../model/ask-model.ts';
import type { Heard, HeardSummary } from '../model/heard.ts';
import { addUsage, usageOf } from '../usage.ts';
import { called } from './calls.ts';
import type { AgentContext } from './context.ts';
import { finished } from './finish.ts';
import type { AgentPlan } from './plan.ts';
import { withAnswer } from './transcript.ts';

/** The call is counted; where it has no price and needs one, the agent fails. */
function counted(
  context: AgentContext,
  { id, limits: { prices } }: AgentPlan,
  { modelId, asked, usage }: Pick<Heard, 'modelId' | 'asked' | 'usage'>,
): AgentContext {
  const price = prices?.[modelId] ?? prices?.[asked];
  const used = usageOf(usage, price);
  return {
    ...context,
    calls: context.calls + 1,
    retry: undefined,
    usage: addUsage(context.usage, used),
    size: used.totalTokens,
    ...(prices &&
      !price && {
        failure: new AgentError('AGENT_NO_PRICE', `The price table of '${id}' has no model '${modelId}'.`),
        goal: 'failed',
      }),
  };
}

/** The model gave a summary: it is asked again, with that. */
export function summaryHeard(context: AgentContext, plan: AgentPlan, heard: HeardSummary): AgentContext {
  const next = { ...counted(context, plan, heard), summary: heard.summary, size: 0 };
  return next.stopping && next.goal !== 'failed' ? finished(next) : next;
}

/** The model answered: with calls, or with its answer. */
export function modelHeard(context: AgentContext, plan: AgentPlan, heard: Heard, now: number): AgentContext {
  const next = counted(context, plan, heard);
  if (next.goal === 'failed') return { ...next, messages: withAnswer(context.messages, heard) };
  if (heard.calls.length > 0) return called(next, plan, heard, now);
  const { id, text, finishReason } = heard;
  return {
    ...next,
    messages: withAnswer(context.messages, heard),
    answer: { id, text, finishReason },
    goal: 'answering',
  };
}

/** The call failed. `delay`: it is tried again, after so many milliseconds. */
export function modelFailed(
  context: AgentContext,
  plan: AgentPlan,
  { id, error }: FailedCall,
): { readonly next: AgentContext; readonly delay?: number } {
  if (context.stopping) return { next: finished(context) };
  const tries = (context.retry?.tries ?? 0) + 1;
  const delay = error.mayRetry ? retryDelay(plan.retry, tries, error) : undefined;
  if (delay === undefined) return { next: { ...context, failure: error, goal: 'failed' } };
  return { next: { ...context, retry: { id, tries, isDue: false } }, delay: error.retryAfter ?? delay };
}
