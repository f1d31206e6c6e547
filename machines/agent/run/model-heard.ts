/** What follows from what a model said, or from its failure. */
import { retryDelay } from '../../workflow/run/retry-delay.ts';
import { AgentError } from '../errors.ts';
import type { FailedCall } from '../model/ask-model.ts';
import type { Heard } from '../model/heard.ts';
import { addUsage, usageOf } from '../usage.ts';
import { called } from './calls.ts';
import type { AgentContext } from './context.ts';
import { finished } from './finish.ts';
import type { AgentPlan } from './plan.ts';
import { withAnswer } from './transcript.ts';

/** The model answered: with calls, or with its answer. */
export function modelHeard(context: AgentContext, plan: AgentPlan, heard: Heard, now: number): AgentContext {
  const { prices } = plan.limits;
  const price = prices?.[heard.modelId] ?? prices?.[heard.asked];
  const counted: AgentContext = {
    ...context,
    calls: context.calls + 1,
    retry: undefined,
    usage: addUsage(context.usage, usageOf(heard.usage, price)),
  };
  if (prices && !price)
    return {
      ...counted,
      messages: withAnswer(context.messages, heard),
      failure: new AgentError(
        'AGENT_NO_PRICE',
        `The price table of '${plan.id}' has no model '${heard.modelId}'.`,
      ),
      goal: 'failed',
    };
  if (heard.calls.length > 0) return called(counted, plan, heard, now);
  const { id, text, finishReason } = heard;
  return {
    ...counted,
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
