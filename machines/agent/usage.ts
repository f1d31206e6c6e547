/** What model calls cost. */
import type { LanguageModelUsage } from 'ai';

/** What the calls of a run used, counted once, also over restarts. A call that a crash cut off is in nobody's books. */
export interface AgentUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  /** Of the input tokens, those that the provider had in its cache. */
  readonly cachedInputTokens: number;
  /** By the price table; 0 without one. */
  readonly cost: number;
}

/** What a model costs, for a million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** Default: as `input`. */
  readonly cachedInput?: number;
}

export const nothingUsed: AgentUsage = {
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  cachedInputTokens: 0,
  cost: 0,
};

/** What one call used. */
export function usageOf(usage: LanguageModelUsage | undefined, price: ModelPrice | undefined): AgentUsage {
  const inputTokens = usage?.inputTokens ?? 0;
  const outputTokens = usage?.outputTokens ?? 0;
  const cachedInputTokens = usage?.inputTokenDetails?.cacheReadTokens ?? 0;
  const { input = 0, output = 0, cachedInput = input } = price ?? {};
  return {
    inputTokens,
    outputTokens,
    totalTokens: usage?.totalTokens ?? inputTokens + outputTokens,
    cachedInputTokens,
    cost:
      ((inputTokens - cachedInputTokens) * input + cachedInputTokens * cachedInput + outputTokens * output) /
      1e6,
  };
}

export const addUsage = (a: AgentUsage, b: AgentUsage): AgentUsage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  totalTokens: a.totalTokens + b.totalTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  cost: a.cost + b.cost,
});
