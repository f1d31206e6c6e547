/** How far an agent may go. */
import type { StandardSchema } from '../../../src/index.ts';
import { AgentError } from '../errors.ts';
import type { AgentContext } from './context.ts';
import type { AgentPlan } from './plan.ts';

/** The limit that it is past, before the next loop; `undefined`: it may go on. */
export function limitPassed(context: AgentContext, plan: AgentPlan, now: number): AgentError | undefined {
  const { turn, usage, allowed } = context;
  const { maxLoops, limits } = plan;
  const measures = [
    ['loops', turn.loops + 1, maxLoops + allowed.loops],
    // Up to these it may go: they are passed when there is nothing left for the next call.
    ['tokens', usage.totalTokens + 1, (limits.tokens ?? Infinity) + allowed.tokens],
    ['cost', usage.cost, (limits.cost ?? Infinity) + allowed.cost],
    ['ms', now - turn.started - turn.waited, (limits.ms ?? Infinity) + allowed.ms],
  ] as const;
  const passed = measures.find(([limit, used, most]) =>
    limit === 'cost' || limit === 'ms' ? used >= most : used > most,
  );
  if (!passed) return undefined;
  const [limit, , most] = passed;
  return new AgentError(
    'AGENT_LIMIT',
    `The agent '${plan.id}' is past its limit of ${most} ${limit}. Raise it, or let it ask for more: limits.onLimit 'ask'.`,
    { limit },
  );
}

/** What may be answered where an agent asks for more. */
export type LimitAnswer = { readonly more: number } | { readonly more: false };

const message = 'it is { more: how much } or { more: false }';

/** Checks such answers. */
export const limitSchema: StandardSchema<unknown, LimitAnswer> = {
  '~standard': {
    version: 1,
    vendor: 'savepoint',
    validate: (given) => {
      const { more } = (given ?? {}) as { readonly more?: unknown };
      return more === false || (typeof more === 'number' && more > 0)
        ? { value: { more } as LimitAnswer }
        : { issues: [{ message, path: ['more'] }] };
    },
    jsonSchema: {
      input: () => ({
        type: 'object',
        properties: { more: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { const: false }] } },
        required: ['more'],
      }),
    },
  },
};
