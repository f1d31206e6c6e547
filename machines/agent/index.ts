/**
 * Agents: a model, tools and people as one durable statechart.
 *
 * @module
 */
export { agent } from './agent.ts';
export type { AgentMachine, AgentOutput } from './agent.ts';
export { AgentError } from './errors.ts';
export type { AgentErrorCode } from './errors.ts';
export { resultOf } from './messages.ts';
export type { AgentInput, AgentMessage, AgentToolResult, UserMessage } from './messages.ts';
export type { Models } from './model/resolve-model.ts';
export type { AgentLimits, AgentOptions } from './options.ts';
export { onParts } from './parts.ts';
export type { AgentPart } from './parts.ts';
export type { StopEvent, UserMessageEvent } from './run/agent-machine.ts';
export type { AgentAnswer, AgentContext, AgentState, AgentTurn, OpenCall } from './run/context.ts';
export type { LimitAnswer } from './run/limits.ts';
export { agentTool } from './tools/agent-tool.ts';
export type { AgentToolOptions } from './tools/agent-tool.ts';
export type { ApprovalAnswer } from './tools/approval.ts';
export { askHuman } from './tools/ask-human.ts';
export type { AskHumanOptions } from './tools/ask-human.ts';
export { durableTool } from './tools/durable-tool.ts';
export type { FunctionTool, LogicTool } from './tools/durable-tool.ts';
export type {
  AgentTools,
  Approval,
  ApprovalPolicy,
  DurableTool,
  SdkTool,
  ToolCall,
  ToolOptions,
} from './tools/tool.ts';
export type { AgentUsage, ModelPrice } from './usage.ts';
export { chatHandler } from './wire/chat-handler.ts';
export type { ChatHandlerOptions } from './wire/chat-handler.ts';
export { uiMessages } from './wire/ui-messages.ts';
