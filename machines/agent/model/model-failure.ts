/** Why a model call failed, as far as a checkpoint may know, and whether it may go better the next time. */
import { AISDKError, APICallError } from 'ai';
import { AgentError } from '../errors.ts';

/** What a model call fails with. It has nothing of the request: a key could be in it. */
export class ModelCallError extends AgentError {
  constructor(
    code: 'AGENT_MODEL' | 'AGENT_MODEL_TIMEOUT' | 'AGENT_NO_ANSWER' | 'AGENT_NO_MODEL' | 'AGENT_MCP',
    message: string,
    readonly mayRetry: boolean,
    status?: number,
    /** How long the provider asked to be left alone, in milliseconds. */
    readonly retryAfter?: number,
  ) {
    super(code, message, status === undefined ? {} : { status });
  }
}

/** Errors of the AI SDK that say something about the answer, and nothing about the question. */
const passing: readonly string[] = [
  'AI_EmptyResponseBodyError',
  'AI_InvalidResponseDataError',
  'AI_InvalidStreamPartError',
  'AI_JSONParseError',
  'AI_NoContentGeneratedError',
  'AI_NoOutputGeneratedError',
  'AI_StreamProviderError',
  'AI_TypeValidationError',
];

/** What a call that failed with `error` fails with. */
export function modelFailure(model: string, error: unknown, now: number): ModelCallError {
  if (error instanceof ModelCallError) return error;
  if (APICallError.isInstance(error)) return refused(model, error, now);
  if (AISDKError.isInstance(error))
    return failed(model, error.message, passing.includes(error.name), statusOf(error));
  // A connection that is refused, or cut.
  return failed(model, error instanceof Error ? error.message : String(error), true, undefined);
}

const failed = (model: string, why: string, mayRetry: boolean, status: number | undefined): ModelCallError =>
  new ModelCallError('AGENT_MODEL', `The model '${model}' failed: ${why}`, mayRetry, status);

function refused(model: string, error: APICallError, now: number): ModelCallError {
  const { statusCode: status, isRetryable, responseHeaders = {}, message } = error;
  // Providers like to repeat the key that they do not take.
  const why = status === 401 || status === 403 ? 'it does not take the key' : message;
  const answered = status === undefined ? '' : ` (status ${status})`;
  return new ModelCallError(
    'AGENT_MODEL',
    `The model '${model}' failed${answered}: ${why}`,
    isRetryable,
    status,
    retryAfter(responseHeaders, now),
  );
}

const statusOf = (error: object): number | undefined => {
  const { statusCode } = error as { readonly statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
};

/** What `Retry-After` says, in milliseconds from now: seconds, or a date. */
function retryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const inMs = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (inMs >= 0) return inMs;
  const given = headers['retry-after'];
  if (given === undefined) return undefined;
  const ms = /^\s*[\d.]+\s*$/.test(given) ? Number.parseFloat(given) * 1000 : Date.parse(given) - now;
  return ms >= 0 ? ms : undefined;
}
