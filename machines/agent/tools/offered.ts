/** The tools as a model is offered them. */
import { tool, type ToolSet } from 'ai';
import { isDurableTool, type AgentTools } from './tool.ts';

/** What a model needs to know of each. None can be called by the AI SDK: the agent calls them, so that it is durable. */
export const offered = (tools: AgentTools): ToolSet =>
  Object.fromEntries(
    Object.entries(tools).map(([name, given]) => {
      if (isDurableTool(given)) {
        const { description, inputSchema } = given;
        return [name, tool({ ...(description !== undefined && { description }), inputSchema })];
      }
      const { execute: _execute, needsApproval: _approval, toModelOutput: _output, ...rest } = given;
      return [name, rest];
    }),
  );
