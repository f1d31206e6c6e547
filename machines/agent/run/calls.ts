/** The tool calls of a loop: which of them wait, work or are over. */
import { fingerprint } from '../../workflow/run/fingerprint.ts';
import { AgentError } from '../errors.ts';
import type { Heard } from '../model/heard.ts';
import { deniedOutcome, errorOutcome, type Outcome } from '../tools/outcome.ts';
import type { ToolCall } from '../tools/tool.ts';
import type { AgentContext, OpenCall } from './context.ts';
import { nextLoop } from './begin.ts';
import { finished } from './finish.ts';
import type { AgentPlan } from './plan.ts';
import { resultIn, withAnswer, withArguments, withResult } from './transcript.ts';

/** Ids that an agent has for actors of its own. */
const reserved: readonly string[] = ['model', 'answer', 'limit', 'memory'];

const isGood = (toolCallId: string): boolean =>
  /^[\w.-]{1,100}$/.test(toolCallId) && !reserved.includes(toolCallId);

/**
 * The ids of the actors of the calls in an answer. A model chooses the ids of its calls; one that is no good for an actor
 * is replaced by the number of the call, or by more where another call has that.
 */
export function childrenOf(toolCallIds: readonly string[]): readonly string[] {
  const taken = new Set(toolCallIds.filter(isGood));
  return toolCallIds.map((toolCallId, number) => {
    if (isGood(toolCallId)) return toolCallId;
    let child = `call-${number + 1}`;
    while (taken.has(child)) child += '-';
    return child;
  });
}

/** What tells two calls apart. */
function keyOf({ toolName, input }: ToolCall): string {
  try {
    return `${toolName}(${fingerprint(input)})`;
  } catch {
    return `${toolName}(${JSON.stringify(input)})`;
  }
}

/** The model wants tools to be called. Those that cannot be are answered at once. */
export function called(context: AgentContext, plan: AgentPlan, heard: Heard, now: number): AgentContext {
  const children = childrenOf(heard.calls.map(({ toolCallId }) => toolCallId));
  const open = heard.calls.map(({ toolCallId, toolName, input }, number): OpenCall => ({
    toolCallId,
    toolName,
    input,
    child: children[number]!,
    status: 'queued',
  }));
  const last = heard.calls.map(keyOf).sort().join();
  const { turn } = context;
  const bad = heard.calls.some(({ error }) => error !== undefined) ? turn.bad + 1 : 0;
  const same = last === turn.last ? turn.same + 1 : 1;
  let next: AgentContext = {
    ...context,
    messages: withAnswer(context.messages, heard),
    open,
    turn: { ...turn, bad, same, last },
  };
  for (const [number, call] of open.entries()) {
    const { error } = heard.calls[number]!;
    if (context.stopping) next = over(next, call, deniedOutcome(call, 'It was stopped before it began.'));
    else if (error !== undefined) next = over(next, call, errorOutcome(call, unusable(plan, call, error)));
    else next = remembered(next, plan, call);
  }
  if (bad > plan.maxMisfits)
    return failed(next, 'AGENT_BAD_CALLS', `The model made calls that do not fit in ${bad} loops in a row.`);
  if (same > plan.maxRepeats)
    return failed(
      next,
      'AGENT_SAME_CALL',
      `The model made the same calls in ${same} loops in a row: ${last.slice(0, 200)}`,
    );
  return settled(next, plan, now);
}

const failed = (
  context: AgentContext,
  code: 'AGENT_BAD_CALLS' | 'AGENT_SAME_CALL',
  message: string,
): AgentContext => ({
  ...context,
  open: [],
  failure: new AgentError(code, message),
  goal: 'failed',
});

const unusable = (
  { tools }: AgentPlan,
  { toolName: tool, toolCallId: call }: ToolCall,
  why: string,
): AgentError =>
  tools.has(tool)
    ? new AgentError('AGENT_TOOL_INPUT', why, { tool, call })
    : new AgentError(
        'AGENT_NO_TOOL',
        `There is no tool '${tool}'; there are: ${[...tools.keys()].join(', ') || 'none'}.`,
        { tool, call },
      );

/** A call whose result is known needs no second one. */
function remembered(context: AgentContext, plan: AgentPlan, call: OpenCall): AgentContext {
  if (!plan.tools.get(call.toolName)?.cache) return context;
  const place = context.cache[keyOf(call)];
  const part = place && resultIn(context.messages, place);
  return part
    ? over(context, call, { status: 'denied', part: { ...part, toolCallId: call.toolCallId } })
    : context;
}

/** One of the calls is over. */
function over(context: AgentContext, call: OpenCall, outcome: Outcome): AgentContext {
  const { open } = context;
  const messages = withResult(context.messages, open, outcome.part);
  return {
    ...context,
    open: open.map((known) => (known.child === call.child ? { ...known, status: 'over' } : known)),
    messages: 'input' in outcome ? withArguments(messages, call.toolCallId, outcome.input) : messages,
  };
}

/** The actor of a call came to its end. */
export function callEnded(
  context: AgentContext,
  plan: AgentPlan,
  child: string,
  ended: { readonly outcome: Outcome } | { readonly error: unknown },
  now: number,
): AgentContext {
  const call = context.open.find((known) => known.child === child)!;
  const outcome = 'outcome' in ended ? ended.outcome : errorOutcome(call, ended.error);
  const next = over(context, call, outcome);
  const { toolName } = call;
  const { remembered, cache } = context;
  const to = outcome.status === 'done' ? plan.tools.get(toolName)?.handOff : undefined;
  const isKept = outcome.status === 'done' && plan.tools.get(toolName)?.cache === true;
  const message = context.messages.findLast(({ role }) => role === 'assistant')!.id;
  const known: AgentContext = {
    ...next,
    ...(outcome.remember && !remembered.includes(toolName) && { remembered: [...remembered, toolName] }),
    ...(to !== undefined && {
      handOff: { to, reason: reasonOf('input' in outcome ? outcome.input : call.input) },
    }),
    ...(isKept && {
      cache: {
        ...cache,
        [keyOf({ ...call, ...('input' in outcome && { input: outcome.input }) })]: [message, call.toolCallId],
      },
    }),
  };
  return settled(givenTo(known, plan), plan, now);
}

/** Calls that were to be given the result of the one that has just ended. */
function givenTo(context: AgentContext, plan: AgentPlan): AgentContext {
  return context.open
    .filter(({ status }) => status === 'queued')
    .reduce((next, call) => remembered(next, plan, call), context);
}

const reasonOf = (input: unknown): string => (input as { readonly reason: string }).reason;

/** A call waits for a person, or works again. */
export function callStands(context: AgentContext, child: string, status: 'asking' | 'running'): AgentContext {
  const open = context.open.map((known) => (known.child === child ? { ...known, status } : known));
  return { ...context, open, goal: goalOf(open) };
}

/** What is queued while nothing works waits for a call that asks, or is just about to begin. */
const goalOf = (open: readonly OpenCall[]): 'waitingForInput' | 'callingTools' =>
  open.some(({ status }) => status === 'asking') && open.every(({ status }) => status !== 'running')
    ? 'waitingForInput'
    : 'callingTools';

/** All are over: the next loop begins. */
function settled(context: AgentContext, plan: AgentPlan, now: number): AgentContext {
  const { open, stopping, handOff } = context;
  if (!open.every(({ status }) => status === 'over')) return { ...context, goal: goalOf(open) };
  return stopping || handOff
    ? finished({ ...context, open: [] })
    : nextLoop({ ...context, open: [] }, plan, now);
}

/** It is to stop: what has not begun never does. */
export function callsStopped(context: AgentContext, plan: AgentPlan, now: number): AgentContext {
  let next: AgentContext = { ...context, stopping: true };
  for (const call of context.open)
    if (call.status === 'queued')
      next = over(next, call, deniedOutcome(call, 'It was stopped before it began.'));
  return settled(next, plan, now);
}

/** The calls that may begin to work now. */
export function startable({ open }: AgentContext, { concurrency, tools }: AgentPlan): readonly OpenCall[] {
  const working = open.filter(({ status }) => status === 'running').length;
  return open
    .filter(({ status }) => status === 'queued')
    .filter((call) => !tools.get(call.toolName)?.cache || !isBehindItsLike(call, open))
    .slice(0, Math.max(0, concurrency - working));
}

/** Is there the same call before it, whose result may be known soon? */
const isBehindItsLike = (call: OpenCall, open: readonly OpenCall[]): boolean =>
  open.slice(0, open.indexOf(call)).some((other) => other.status !== 'over' && keyOf(other) === keyOf(call));

/** They have begun. */
export const begunCalls = (context: AgentContext, begun: readonly OpenCall[]): AgentContext =>
  begun.length === 0
    ? context
    : {
        ...context,
        goal: 'callingTools',
        open: context.open.map((call) => (begun.includes(call) ? { ...call, status: 'running' } : call)),
      };
