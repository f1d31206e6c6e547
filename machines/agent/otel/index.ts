/**
 * Spans of agents. It needs `@opentelemetry/api`.
 *
 * @module
 */
export { agentSpans } from './agent-spans.ts';
export type { AgentSpansOptions } from './agent-spans.ts';
