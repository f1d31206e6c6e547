/** What is wrong with an agent, or went wrong in one. */
import { SavepointError } from '../../src/index.ts';

/**
 * Stable, for programs.
 *
 * Of a definition: `AGENT_DEFINITION` (it is not written as one), `AGENT_INPUT` (what it is started with does not fit).
 *
 * Of a model: `AGENT_NO_MODEL` (nobody knows the name), `AGENT_MODEL` (the call failed, and trying again did not help or
 * would not), `AGENT_MODEL_TIMEOUT`, `AGENT_NO_ANSWER` (it said nothing), `AGENT_OUTPUT` (what it said does not fit the
 * schema of the output), `AGENT_NO_PRICE` (the price table does not have it).
 *
 * Of tool calls: `AGENT_BAD_CALLS` (too many loops with calls that do not fit), `AGENT_SAME_CALL` (the same calls again
 * and again). What goes wrong in one call is told to the model: `AGENT_NO_TOOL`, `AGENT_TOOL_INPUT`,
 * `AGENT_TOOL_TIMEOUT`, `AGENT_RESULT_TOO_LARGE`, `AGENT_RESULT_NOT_STORABLE`.
 *
 * Of MCP: `AGENT_MCP` (a server cannot be reached, or does not have a tool).
 *
 * Of limits: `AGENT_LIMIT`.
 */
export type AgentErrorCode =
  | 'AGENT_DEFINITION'
  | 'AGENT_INPUT'
  | 'AGENT_NO_MODEL'
  | 'AGENT_MODEL'
  | 'AGENT_MODEL_TIMEOUT'
  | 'AGENT_NO_ANSWER'
  | 'AGENT_OUTPUT'
  | 'AGENT_NO_PRICE'
  | 'AGENT_BAD_CALLS'
  | 'AGENT_SAME_CALL'
  | 'AGENT_NO_TOOL'
  | 'AGENT_TOOL_INPUT'
  | 'AGENT_TOOL_TIMEOUT'
  | 'AGENT_RESULT_TOO_LARGE'
  | 'AGENT_RESULT_NOT_STORABLE'
  | 'AGENT_MCP'
  | 'AGENT_LIMIT';

/** An agent is not written as it must be, or came to an end that is no answer. */
export class AgentError extends SavepointError {
  declare readonly code: AgentErrorCode;

  constructor(
    code: AgentErrorCode,
    message: string,
    /** Which tool, call, path or limit, where it is about one. */
    readonly about: {
      readonly tool?: string;
      readonly call?: string;
      readonly path?: string;
      /** `loops`, `tokens`, `cost`, `ms`, or of a team `turns`. */
      readonly limit?: string;
      /** The status that a provider answered with. */
      readonly status?: number;
    } = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
