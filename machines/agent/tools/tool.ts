/** What a tool is, and what may be said about one. */
import type { FlexibleSchema, ToolResultPart, ToolSet } from 'ai';
import type { AnyActorLogic } from 'xstate';
import type { DurableArgs, InterruptPolicy, RetryOptions } from '../../../src/index.ts';

/** A call of a tool, as the model wants it. */
export interface ToolCall<TInput = unknown> {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: TInput;
}

/** What is asked before a tool is called. */
export interface ApprovalPolicy<TInput = unknown> {
  /** Whether it is asked at all. Default: always. */
  readonly when?: (call: ToolCall<TInput>) => boolean | PromiseLike<boolean>;
  /** What a person reads. Default: the name of the tool. */
  readonly prompt?: string | ((call: ToolCall<TInput>) => string);
  /** Who is asked. */
  readonly assignee?: string | ((call: ToolCall<TInput>) => string);
  /** How long there is to answer, in milliseconds. Past it, the call is denied. Default: no end. */
  readonly within?: number;
}

/** Whether a person is asked before a tool is called. */
export type Approval<TInput = unknown> =
  | boolean
  | ((call: ToolCall<TInput>) => boolean | PromiseLike<boolean>)
  | ApprovalPolicy<TInput>;

/** What may be said about any tool: write it beside what it has, as in `{ ...search, retry: { limit: 3 } }`. */
export interface ToolOptions<TInput = unknown> {
  /** Whether a person is asked first. They may approve it, change its arguments, or deny it. */
  readonly approval?: Approval<TInput>;
  /** How a call that failed is tried again. Without it, the model is told of the first failure. */
  readonly retry?: RetryOptions;
  /** How long one try may take, in milliseconds. Default: 10 minutes for a function, no end for actor logic. */
  readonly timeout?: number;
  /** What becomes of a call that a crash cut off. Default: it runs again, without the steps that are finished. */
  readonly onInterrupt?: InterruptPolicy;
  /** In a run, the same call with the same arguments is made once, and its result is given again. */
  readonly cache?: boolean;
  /** How large a result may be, in bytes. A larger one is an error that the model is told of. Default 10 MB. */
  readonly maxBytes?: number;
}

/** What a model is told of a tool. */
interface ToolDescription {
  readonly description?: string | undefined;
  readonly inputSchema: FlexibleSchema;
}

/** A tool whose work is a durable function or actor logic. */
export interface DurableTool<TInput = never> extends ToolOptions<TInput> {
  readonly description?: string;
  readonly inputSchema: FlexibleSchema;
  /** Tells more of it, before each model call: what is only known when it runs. */
  readonly describe?: () => PromiseLike<ToolDescription>;
  /** What works: a function as for `fromDurable`, or actor logic. */
  readonly run: ((args: DurableArgs<TInput>) => unknown) | AnyActorLogic;
  /** What actor logic is given, from the arguments. Default: the arguments. */
  readonly toInput?: (input: TInput) => unknown;
  /** What the output of actor logic comes to. Default: the output. */
  readonly toResult?: (output: never) => unknown;
  /** What the model is told of a result. Default: all of it but the bytes of files, as text or JSON. */
  readonly toModelOutput?: (options: { readonly output: never }) => ToolResultPart['output'];
  /** Its work is a question to a person. */
  readonly isQuestion?: boolean;
  /** Its work is an agent, which can be told to stop. */
  readonly isAgent?: boolean;
  /** Who has the conversation when it is done. */
  readonly handOff?: string;
}

/** A tool of the AI SDK, with what may be said about any. */
export type SdkTool = ToolSet[string] & ToolOptions<never>;

/** The tools of an agent, by the name that the model calls them by. */
export type AgentTools = Readonly<Record<string, SdkTool | DurableTool>>;

export const isDurableTool = (tool: SdkTool | DurableTool): tool is DurableTool => 'run' in tool;
