/** A tool whose work is a durable function, or actor logic. */
import type { FlexibleSchema, ToolResultPart } from 'ai';
import type { AnyActorLogic, InputFrom, OutputFrom } from 'xstate';
import type { DurableArgs } from '../../../src/index.ts';
import { AgentError } from '../errors.ts';
import type { DurableTool, ToolOptions } from './tool.ts';

interface Described<TInput> extends ToolOptions<TInput> {
  /** Tells the model what it is for. */
  readonly description?: string;
  /** Checks the arguments, and tells the model how they look. */
  readonly inputSchema: FlexibleSchema<TInput>;
}

/** A tool that is a function. */
export interface FunctionTool<TInput, TResult> extends Described<TInput> {
  /** An async function with journaled steps, as for `fromDurable`. `effectId` is the same at each try of a call. */
  readonly run: (args: DurableArgs<TInput>) => TResult | PromiseLike<TResult>;
  readonly toModelOutput?: (options: { readonly output: TResult }) => ToolResultPart['output'];
}

/** A tool that is actor logic: `fromDurable(…)`, `fromPromise(…)`, a machine. */
export interface LogicTool<TInput, TLogic extends AnyActorLogic, TResult> extends Described<TInput> {
  readonly run: TLogic;
  /** What the actor is given, from the arguments. Default: the arguments. */
  readonly toInput?: (input: TInput) => InputFrom<TLogic>;
  /** What its output comes to. Default: the output. */
  readonly toResult?: (output: OutputFrom<TLogic>) => TResult;
  readonly toModelOutput?: (options: { readonly output: TResult }) => ToolResultPart['output'];
}

/**
 * A tool with a durable function or actor logic, where that of the AI SDK has `execute`. Each call is an actor of its own.
 *
 * @example
 * const refund = durableTool({
 *   description: 'Pays an amount back.',
 *   inputSchema: z.object({ amount: z.number() }),
 *   approval: ({ input }) => input.amount > 100,
 *   run: async ({ input, step }) => step('pay', ({ effectId }) => pay(input.amount, effectId), { retry: { limit: 5 } }),
 * });
 *
 * @throws AgentError `AGENT_DEFINITION` for one without `run` or `inputSchema`.
 */
export function durableTool<TInput, TResult>(tool: FunctionTool<TInput, TResult>): DurableTool;
export function durableTool<TInput, TLogic extends AnyActorLogic, TResult = OutputFrom<TLogic>>(
  tool: LogicTool<TInput, TLogic, TResult>,
): DurableTool;
export function durableTool(tool: object): DurableTool {
  const { run, inputSchema } = tool as Partial<DurableTool>;
  if (run === undefined || inputSchema === undefined)
    throw new AgentError(
      'AGENT_DEFINITION',
      'A durable tool has an inputSchema, and run: a function or actor logic.',
    );
  return tool as DurableTool;
}
