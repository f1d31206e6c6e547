/** What a client is told that asked for something that cannot be. */
import { SavepointError } from '../../../src/index.ts';

/**
 * Stable, for programs.
 *
 * `CHAT_REQUEST` (it is not written as a client of the AI SDK writes it), `CHAT_METHOD`, `CHAT_UNKNOWN` (there is no such
 * chat), `CHAT_NO_CALL` (it is about a tool call that does not wait for that), `CHAT_SAID` (what was said stays said).
 */
type ChatErrorCode = 'CHAT_REQUEST' | 'CHAT_METHOD' | 'CHAT_UNKNOWN' | 'CHAT_NO_CALL' | 'CHAT_SAID';

export class ChatError extends SavepointError {
  declare readonly code: ChatErrorCode;

  // Nothing but a code of its own may be given.
  // oxlint-disable-next-line no-useless-constructor
  constructor(code: ChatErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

const statuses: Readonly<Record<string, number>> = {
  CHAT_REQUEST: 400,
  INVALID_ARGUMENT: 400,
  CHAT_UNKNOWN: 404,
  RUN_NOT_FOUND: 404,
  CHAT_METHOD: 405,
  CHAT_NO_CALL: 409,
  CHAT_SAID: 409,
  INPUT_CLOSED: 409,
  RUN_CLOSED: 409,
  RUN_EXISTS: 409,
  INVALID_INPUT: 422,
  RUN_LOCKED: 503,
};

/** An error as a response: `{ error: { code, message } }`. What is nobody's business is not in it. */
export function errorResponse(error: unknown): Response {
  const known = error instanceof SavepointError ? error : undefined;
  const status = statuses[known?.code ?? ''] ?? 500;
  const { code, message } =
    known && status < 500
      ? known
      : status === 503
        ? { code: known!.code, message: 'Another server has this chat. Try again in a moment.' }
        : { code: known?.code ?? 'INTERNAL', message: 'Something went wrong here.' };
  return Response.json(
    { error: { code, message } },
    {
      status,
      headers: {
        ...(status === 405 && { allow: 'GET, POST' }),
        ...(status === 503 && { 'retry-after': '1' }),
      },
    },
  );
}
