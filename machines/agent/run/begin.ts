/** Where an agent begins, and where it begins again. */
import { AgentError } from '../errors.ts';
import { firstMessages, fromUser, newsIn, type AgentInput, type UserMessage } from '../messages.ts';
import { nothingUsed } from '../usage.ts';
import type { AgentContext, AgentTurn } from './context.ts';
import { limitPassed } from './limits.ts';
import type { AgentPlan } from './plan.ts';

const newTurn = (now: number, from: number | undefined): AgentTurn => ({
  from,
  loops: 0,
  started: now,
  waited: 0,
  bad: 0,
  same: 0,
  misfits: 0,
});

/** An agent that has just been told what to do. Throws `AgentError` `AGENT_INPUT`. */
export function begun(plan: AgentPlan, input: AgentInput | undefined, now: number): AgentContext {
  const isQuiet = plan.isChat && input === undefined;
  const messages = isQuiet ? [] : firstMessages(plan.id, input);
  const isAnswered = messages.length === 0 || messages.at(-1)!.role === 'assistant';
  if (isAnswered && !plan.isChat)
    throw new AgentError(
      'AGENT_INPUT',
      `The agent '${plan.id}' is started with { messages } that end with something to answer; only a chat waits for that.`,
    );
  const context: AgentContext = {
    messages,
    queue: [],
    // Messages without an id are named by their place, and those to come must not be called the same.
    heard: messages.length,
    calls: 0,
    turn: newTurn(now, messages.length),
    open: [],
    usage: nothingUsed,
    remembered: [],
    cache: {},
    notes: input?.notes ?? {},
    ...(input?.notes && { given: Object.keys(input.notes) }),
    size: 0,
    stopping: false,
    allowed: { loops: 0, tokens: 0, cost: 0, ms: 0 },
    goal: 'done',
  };
  // A chat in which nobody has said anything waits for somebody to.
  return isAnswered ? context : nextLoop(context, plan, now);
}

/** What a person said is heard once, however often it is sent: `undefined` for a message that is known, or is none. */
export function queued(context: AgentContext, said: Partial<UserMessage>): AgentContext | undefined {
  const { queue, messages } = context;
  const news = newsIn([...messages, ...queue], context.heard, said);
  return news && { ...context, heard: news.heard, queue: [...queue, news.message] };
}

/** It has been told something new. `from`: where what it says to that begins. */
export const newlyTold = (
  context: AgentContext,
  plan: AgentPlan,
  now: number,
  from: number | undefined = context.messages.length,
): AgentContext =>
  nextLoop({ ...context, turn: newTurn(now, from), answer: undefined, stopping: false }, plan, now);

/** It thinks again, with what it was told meanwhile; where a limit is passed, it fails or asks for more. */
export function nextLoop(context: AgentContext, plan: AgentPlan, now: number): AgentContext {
  const passed = limitPassed(context, plan, now);
  if (passed && plan.limits.onLimit === 'ask')
    return {
      ...context,
      open: [],
      limit: passed.about.limit as AgentContext['limit'],
      goal: 'waitingForInput',
    };
  if (passed) return { ...context, open: [], failure: passed, goal: 'failed' };
  const { queue, messages, turn } = context;
  return {
    ...context,
    messages: queue.length === 0 ? messages : [...messages, ...queue.map(fromUser)],
    queue: [],
    open: [],
    turn: { ...turn, loops: turn.loops + 1 },
    retry: undefined,
    limit: undefined,
    goal: 'thinking',
  };
}
