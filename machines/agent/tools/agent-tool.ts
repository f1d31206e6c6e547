/** An agent, or a team, as a tool of another. */
import { jsonSchema } from 'ai';
import type { Member } from '../team/team.ts';
import { durableTool } from './durable-tool.ts';
import type { DurableTool, ToolOptions } from './tool.ts';

/** What may be said about an agent that is a tool. */
export interface AgentToolOptions extends ToolOptions<{ prompt: string }> {
  /** Tells the model what the agent is for. */
  readonly description: string;
}

/**
 * An agent, or a team, as a tool of another: the model gives it a prompt, and gets its answer. Its questions are pending inputs of the
 * run, with the path of its actor; while it waits, other calls go on.
 *
 * @example
 * agent({ id: 'chief', model, tools: { research: agentTool(researcher, { description: 'Finds things out.' }) } });
 */
export const agentTool = <TObject>(
  machine: Member<TObject>,
  { description, ...options }: AgentToolOptions,
): DurableTool => ({
  ...durableTool({
    ...options,
    description,
    inputSchema: jsonSchema<{ prompt: string }>({
      type: 'object',
      properties: { prompt: { type: 'string', description: 'All that it needs to know.' } },
      required: ['prompt'],
      additionalProperties: false,
    }),
    run: machine,
    toInput: ({ prompt }) => ({ prompt }),
    toResult: ({ text, object }) => object ?? text,
  }),
  isAgent: true,
});
