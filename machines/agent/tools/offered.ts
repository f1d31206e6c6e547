/** The tools as a model is offered them. */
import { tool, type ToolSet } from 'ai';
import { isDurableTool, type AgentTools, type DurableTool, type SdkTool } from './tool.ts';

/** What a model needs to know of each. None can be called by the AI SDK: the agent calls them, so that it is durable. */
export async function offered(tools: AgentTools): Promise<ToolSet> {
  const entries = Object.entries(tools).map(async ([name, given]) => [name, await toldOf(given)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function toldOf(given: SdkTool | DurableTool): Promise<ToolSet[string]> {
  if (isDurableTool(given)) {
    const { description, inputSchema } = given.describe ? await given.describe() : given;
    return tool({ ...(description !== undefined && { description }), inputSchema });
  }
  const { execute: _execute, needsApproval: _approval, toModelOutput: _output, ...rest } = given;
  return rest;
}
