/** A tool by which an agent gives the conversation to another. */
import { jsonSchema } from 'ai';
import type { DurableTool, ToolOptions } from '../tools/tool.ts';

/** What may be said about giving the conversation away. */
export interface HandOffOptions extends Pick<ToolOptions<{ reason: string }>, 'approval'> {
  /** Tells the model when to do it. */
  readonly description?: string;
}

/**
 * A tool by which an agent of a team gives the conversation to another: its turn ends, and the other goes on.
 *
 * @param to The id of the other.
 * @example
 * const triage = agent({ id: 'triage', model, tools: { toBilling: handOff('billing') } });
 * const desk = team({ id: 'desk', agents: [triage, billing] });
 */
export const handOff = (to: string, { description, approval }: HandOffOptions = {}): DurableTool => ({
  description: description ?? `Gives the conversation to '${to}', who goes on with it.`,
  inputSchema: jsonSchema<never>(
    {
      type: 'object',
      properties: { reason: { type: 'string', description: 'What the other is to know.' } },
      required: ['reason'],
      additionalProperties: false,
    },
    {
      validate: (given) =>
        typeof (given as { readonly reason?: unknown } | null)?.reason === 'string'
          ? { success: true, value: given as never }
          : { success: false, error: new Error("'reason' is a text.") },
    },
  ),
  run: async () => `'${to}' goes on.`,
  handOff: to,
  ...(approval !== undefined && { approval }),
});
