/** What the machine of an agent goes by: its options, with their defaults. */
import { checkRetry, type RetryOptions } from '../../../src/index.ts';
import { AgentError } from '../errors.ts';
import type { AgentMemory } from '../memory/agent-memory.ts';
import type { AgentLimits, AgentOptions } from '../options.ts';
import { toolsOf } from '../tools/tools-of.ts';
import { toolPlan, type ToolPlan } from '../tools/tool-plan.ts';

export interface AgentPlan {
  readonly id: string;
  readonly tools: ReadonlyMap<string, ToolPlan>;
  readonly maxLoops: number;
  readonly limits: AgentLimits;
  readonly isChat: boolean;
  readonly hasOutput: boolean;
  readonly retry: RetryOptions;
  readonly concurrency: number;
  readonly maxMisfits: number;
  readonly maxRepeats: number;
  readonly memory: AgentMemory;
}

/** Checks the options. Throws `AgentError` `AGENT_DEFINITION`. */
export function planOf(options: AgentOptions): AgentPlan {
  const { id, model, approvals = {}, limits = {}, memory = {} } = options;
  const tools = toolsOf(options);
  const refuse = (what: string): never => {
    throw new AgentError('AGENT_DEFINITION', `The agent '${id}' ${what}`);
  };
  if (typeof id !== 'string' || id === '') refuse('needs an id.');
  if ((model as unknown) === undefined || model === '')
    refuse('needs a model of the AI SDK, or the name of one.');
  for (const name of Object.keys(approvals))
    if (!Object.hasOwn(tools, name)) refuse(`has an approval for a tool '${name}', and no such tool.`);
  const { maxLoops = 20, concurrency = 8, maxMisfits = 3, maxRepeats = 5 } = options;
  for (const [name, value] of Object.entries({ maxLoops, concurrency, maxMisfits, maxRepeats }))
    if (!(value >= 1)) refuse(`has '${name}' of ${value}: it is a number, 1 or more.`);
  const { retry = { limit: 5, backoff: 1000, max: 60_000 } } = options;
  for (const [whose, given] of [
    ['', retry],
    ...Object.entries(tools).map(([name, tool]) => [` for the tool '${name}'`, tool.retry] as const),
  ] as const)
    try {
      if (given) checkRetry(given);
    } catch (error) {
      refuse(`has a 'retry'${whose} that cannot be: ${(error as Error).message}`);
    }
  if (limits.cost !== undefined && limits.prices === undefined)
    refuse("has a limit of cost, and no 'prices'.");
  if (memory.tokens !== undefined && !(memory.tokens >= 1))
    refuse(`has 'memory.tokens' of ${memory.tokens}: it is a number, 1 or more.`);
  return {
    id,
    tools: new Map(
      Object.entries(tools).map(([name, tool]) => [
        name,
        toolPlan(name, tool, Object.hasOwn(approvals, name) ? approvals[name] : undefined),
      ]),
    ),
    maxLoops,
    limits,
    isChat: options.chat === true,
    hasOutput: options.output !== undefined,
    retry,
    concurrency,
    maxMisfits,
    maxRepeats,
    memory,
  };
}
