/**
 * Agents: a model, tools and people as one durable statechart.
 *
 * @module
 */
export { agent } from './agent.ts';
export type { AgentMachine, AgentOutput } from './agent.ts';
export { AgentError } from './errors.ts';
export type { AgentErrorCode } from './errors.ts';
export type { AgentMemory } from './memory/agent-memory.ts';
export { notebook } from './memory/notebook.ts';
export type { ForgetEvent, Notes, NotesLogic, RememberEvent } from './memory/notebook.ts';
export { threadOf } from './memory/thread.ts';
export type { Thread } from './memory/thread.ts';
export { mcpTools } from './mcp/mcp-tools.ts';
export type { McpServer } from './mcp/connection.ts';
export { resultOf } from './messages.ts';
export type { AgentInput, AgentMessage, AgentToolResult, UserMessage } from './messages.ts';
export type { Models } from './model/resolve-model.ts';
export type { AgentLimits, AgentOptions } from './options.ts';
export { onParts } from './parts.ts';
export type { AgentPart } from './parts.ts';
export type { StopEvent, UserMessageEvent } from './run/agent-machine.ts';
export type {
  AgentAnswer,
  AgentContext,
  AgentState,
  AgentTurn,
  HandOff,
  OpenCall,
  Summary,
} from './run/context.ts';
export type { LimitAnswer } from './run/limits.ts';
export { handOff } from './team/hand-off.ts';
export type { HandOffOptions } from './team/hand-off.ts';
export { router } from './team/router.ts';
export type { RouterOptions } from './team/router.ts';
export { sequence } from './team/sequence.ts';
export { team } from './team/team.ts';
export type { Member, TeamMachine, TeamOptions } from './team/team.ts';
export type { TeamContext, TeamState } from './team/team-machine.ts';
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
