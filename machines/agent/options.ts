/** What an agent is made of. */
import type { FlexibleSchema, LanguageModel } from 'ai';
import type { RetryOptions } from '../../src/index.ts';
import type { AgentMemory } from './memory/agent-memory.ts';
import type { Models } from './model/resolve-model.ts';
import type { AgentTools, Approval } from './tools/tool.ts';
import type { ModelPrice } from './usage.ts';

/** How much an agent may use. Each is looked at before a model call. */
export interface AgentLimits {
  /** Tokens of all calls of the run. */
  readonly tokens?: number;
  /** The price of all calls of the run, by `prices`. */
  readonly cost?: number;
  /** What models cost, by the id that answers or the name that is asked, for a million tokens. */
  readonly prices?: Readonly<Record<string, ModelPrice>>;
  /** How long it may work on one thing that it was told, in milliseconds. The time that people take does not count. */
  readonly ms?: number;
  /** What happens past one, also past `maxLoops`. Default: it fails. `ask`: a person is asked for more. */
  readonly onLimit?: 'fail' | 'ask';
}

export interface AgentOptions<TOutput = unknown> {
  readonly id: string;
  readonly version?: string;
  /** What it is for: whoever chooses among agents is told. */
  readonly description?: string;
  /** A model of the AI SDK, or the name of one. */
  readonly model: LanguageModel;
  /** What names of models stand for. Without it, the AI SDK's own registry is asked. */
  readonly models?: Models;
  readonly instructions?: string;
  readonly tools?: AgentTools;
  /** The schema of the answer. Without it, the answer is a text. */
  readonly output?: FlexibleSchema<TOutput>;
  /** How many loops one thing that it was told may take. Default 20. */
  readonly maxLoops?: number;
  readonly limits?: AgentLimits;
  /** What it keeps, and how much of the conversation its model is given. */
  readonly memory?: AgentMemory;
  /** Whether people are asked before a tool is called, by its name. Goes before what the tool says. */
  readonly approvals?: Readonly<Record<string, Approval>>;
  /** It takes message after message, and `done` is where it waits for the next. Default: it ends with its answer. */
  readonly chat?: boolean;
  /** How a model call that failed is tried again. Default: 5 times, the first time after a second. `Retry-After` is obeyed. */
  readonly retry?: RetryOptions;
  /** How long one model call may take, in milliseconds. Default: 10 minutes. */
  readonly timeout?: number;
  /** How many tool calls work at the same time; those that wait for people do not count. Default 8. */
  readonly concurrency?: number;
  /** How many loops in a row may have calls that do not fit, and how many answers. Default 3. */
  readonly maxMisfits?: number;
  /** How many loops in a row may have the same calls. Default 5. */
  readonly maxRepeats?: number;
  /** More for the AI SDK, such as `temperature`, `maxOutputTokens`, `providerOptions`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}
