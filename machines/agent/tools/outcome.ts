/** What a tool call came to, as the model and the transcript are told. */
import type { ToolResultPart } from 'ai';
import { AgentError } from '../errors.ts';
import type { AgentToolResult } from '../messages.ts';
import { modelOutput } from './model-output.ts';
import type { ToolCall } from './tool.ts';

/** How a tool call ended. */
export interface Outcome {
  readonly part: AgentToolResult;
  readonly status: 'done' | 'failed' | 'denied';
  /** A person changed the arguments to these. */
  readonly input?: unknown;
  /** Nobody is to be asked about this tool again. */
  readonly remember?: boolean;
}

/** How large a result may be, where its tool does not say, in bytes. */
const MAX_BYTES = 10 * 1024 * 1024;

const partOf = ({ toolCallId, toolName }: ToolCall, output: ToolResultPart['output']): AgentToolResult => ({
  type: 'tool-result',
  toolCallId,
  toolName,
  output,
});

/** What a call came to whose tool gave a result. Throws `AgentError` for one that is too large or cannot be stored. */
export function resultOutcome(
  call: ToolCall,
  result: unknown,
  { maxBytes = MAX_BYTES, told }: { readonly maxBytes?: number; readonly told?: ToolResultPart['output'] },
): Outcome {
  const { toolName: tool, toolCallId } = call;
  const { output, isWhole, bytes } = converted(call, result);
  if (bytes > maxBytes)
    throw new AgentError(
      'AGENT_RESULT_TOO_LARGE',
      `The result of the tool '${tool}' (call '${toolCallId}') has about ${bytes} bytes, and may have ${maxBytes}. ` +
        'Give a part of it, or where it is kept.',
      { tool, call: toolCallId },
    );
  const part = partOf(call, told ?? output);
  return { status: 'done', part: isWhole && told === undefined ? part : { ...part, result } };
}

function converted(call: ToolCall, result: unknown): ReturnType<typeof modelOutput> {
  try {
    return modelOutput(result);
  } catch (error) {
    if (error instanceof AgentError)
      throw notStorable(
        call,
        error.about.path ?? 'result',
        `it is ${error.message}. Return plain data.`,
        error,
      );
    throw error;
  }
}

/** A result that no store can keep: which tool, which call, and where in it. */
export const notStorable = (
  { toolName: tool, toolCallId: call }: ToolCall,
  path: string,
  why: string,
  cause: unknown,
): AgentError =>
  new AgentError(
    'AGENT_RESULT_NOT_STORABLE',
    `The result of the tool '${tool}' (call '${call}') cannot be stored at ${path}, and was not kept: ${why}`,
    { tool, call, path },
    { cause },
  );

/** What a call came to that failed: the model is told why. */
export const errorOutcome = (call: ToolCall, error: unknown): Outcome => ({
  status: 'failed',
  part: partOf(call, { type: 'error-text', value: messageOf(error) }),
});

/** What a call came to that nobody let happen. */
export const deniedOutcome = (call: ToolCall, reason: string | undefined): Outcome => ({
  status: 'denied',
  part: partOf(call, { type: 'execution-denied', ...(reason !== undefined && { reason }) }),
});

/** A text for whatever was thrown. */
function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  if (typeof error === 'string') return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    return String(error);
  }
}
