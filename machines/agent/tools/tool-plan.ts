/** What an agent knows of a tool: how it works, and what is asked before. */
import type { ToolResultPart } from 'ai';
import { type AnyActorLogic, type AnyActorRef, fromPromise } from 'xstate';
import {
  inputRequest,
  onInterrupt,
  parentOf,
  type DurableArgs,
  type RetryOptions,
} from '../../../src/index.ts';
import { functionWork } from '../../workflow/work/function-work.ts';
import { AgentError } from '../errors.ts';
import type { AgentContext } from '../run/context.ts';
import { approvalSchema, policyOf } from './approval.ts';
import { resultOutcome, type Outcome } from './outcome.ts';
import {
  isDurableTool,
  type Approval,
  type ApprovalPolicy,
  type DurableTool,
  type SdkTool,
  type ToolCall,
} from './tool.ts';

/** How long a function may take, where its tool does not say. */
const TIMEOUT = 600_000;

/** What the work of a tool is given. */
interface WorkInput {
  readonly call: ToolCall;
  /** What tells the effects of this call from those of others with its id. */
  readonly part: string;
  readonly attempt: number;
}

export interface ToolPlan {
  readonly name: string;
  readonly work: AnyActorLogic;
  /** Whether the work gives an `Outcome`; actor logic gives its output. */
  readonly isWrapped: boolean;
  readonly isQuestion: boolean;
  readonly isAgent: boolean;
  readonly handOff: string | undefined;
  readonly input: (given: WorkInput) => unknown;
  /** What the output of actor logic comes to. */
  readonly outcome: (call: ToolCall, output: unknown) => Outcome;
  readonly policy: ApprovalPolicy | undefined;
  /** The question that is the approval of a call. */
  readonly approval: AnyActorLogic;
  readonly retry: RetryOptions | undefined;
  readonly timeout: number | undefined;
  readonly cache: boolean;
}

/** Makes the plan of a tool; `approval` stands in for what the tool says itself. */
export function toolPlan(
  name: string,
  tool: SdkTool | DurableTool,
  approval: Approval | undefined,
): ToolPlan {
  const made = isDurableTool(tool) ? durablePlan(tool) : sdkPlan(name, tool);
  const work = tool.onInterrupt === undefined ? made.work : onInterrupt(made.work, tool.onInterrupt);
  return {
    outcome: (call, output) => resultOutcome(call, output, tool),
    isQuestion: false,
    isAgent: false,
    handOff: undefined,
    timeout: tool.timeout ?? (made.isWrapped ? TIMEOUT : undefined),
    ...made,
    name,
    work,
    policy: policyOf(approval ?? tool.approval ?? needsApproval(tool)),
    approval: inputRequest({ schema: approvalSchema(tool.inputSchema) }),
    retry: tool.retry,
    cache: tool.cache === true,
  };
}

/** As the AI SDK lets a tool say it. */
function needsApproval(tool: SdkTool | DurableTool): Approval | undefined {
  if (isDurableTool(tool)) return undefined;
  const { needsApproval: needs } = tool as { readonly needsApproval?: unknown };
  if (typeof needs !== 'function') return needs as boolean | undefined;
  return ({ input, toolCallId }) =>
    (needs as (input: unknown, options: object) => boolean | PromiseLike<boolean>)(input, {
      toolCallId,
      messages: [],
    });
}

type Made = Pick<ToolPlan, 'work' | 'isWrapped' | 'input'> & Partial<ToolPlan>;

function durablePlan(tool: DurableTool): Made {
  const { run, toInput, toResult, toModelOutput, isQuestion = false, isAgent = false, handOff } = tool;
  const outcomeOf = (call: ToolCall, result: unknown): Outcome => {
    const told = toModelOutput?.({ output: result as never });
    return resultOutcome(call, result, { ...tool, ...(told && { told }) });
  };
  if (typeof run === 'function')
    return {
      handOff,
      work: functionWork((args: DurableArgs<never>) => worked(run, args, outcomeOf)),
      isWrapped: true,
      input: ({ call, part, attempt }) => ({ input: call, part, attempt }),
    };
  return {
    work: run,
    isWrapped: false,
    isQuestion,
    isAgent,
    input: ({ call }) => (toInput ? toInput(call.input as never) : call.input),
    outcome: (call, output) => outcomeOf(call, toResult ? toResult(output as never) : output),
  };
}

async function worked(
  run: (args: DurableArgs<never>) => unknown,
  args: DurableArgs<never>,
  outcomeOf: (call: ToolCall, result: unknown) => Outcome,
): Promise<Outcome> {
  const call: ToolCall = args.input;
  return outcomeOf(call, await run({ ...args, input: call.input as never }));
}

type Execute = (input: unknown, options: object) => unknown;

function sdkPlan(name: string, tool: SdkTool): Made {
  const { execute, toModelOutput } = tool as {
    readonly execute?: Execute;
    readonly toModelOutput?: (options: object) => PromiseLike<ToolResultPart['output']>;
  };
  if (typeof execute !== 'function')
    throw new AgentError(
      'AGENT_DEFINITION',
      `The tool '${name}' has nothing that works: write execute, or durableTool({ run }).`,
      { tool: name },
    );
  return {
    work: fromPromise(
      async ({ input, signal, self }: { input: WorkInput; signal: AbortSignal; self: AnyActorRef }) => {
        const { call } = input;
        const given = execute(call.input, {
          toolCallId: call.toolCallId,
          messages: messagesBefore(self),
          abortSignal: signal,
          context: {},
        });
        const result = await (isStream(given) ? lastOf(given) : given);
        const told = await toModelOutput?.({
          toolCallId: call.toolCallId,
          input: call.input,
          output: result,
        });
        return resultOutcome(call, result, { ...tool, ...(told && { told }) });
      },
    ),
    isWrapped: true,
    input: (given) => given,
  };
}

/** What the model was given when it made the call. */
function messagesBefore(work: AnyActorRef): readonly unknown[] {
  const call = parentOf(work);
  const agent = call && parentOf(call);
  const { messages } = (agent!.getSnapshot() as { context: AgentContext }).context;
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages.slice(0, last);
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

async function lastOf(stream: AsyncIterable<unknown>): Promise<unknown> {
  let last: unknown;
  for await (const result of stream) last = result;
  return last;
}
