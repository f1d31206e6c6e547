/** A tool by which a model asks a person. */
import { jsonSchema } from 'ai';
import { inputRequest, type StandardSchema } from '../../../src/index.ts';
import type { DurableTool } from './tool.ts';

/** How a model may ask. */
export interface AskHumanOptions {
  /** Tells the model when to ask. */
  readonly description?: string;
  /** Checks answers: any Standard Schema. Default: anything is taken. */
  readonly schema?: StandardSchema;
  /** Who is asked. */
  readonly assignee?: string;
}

interface Asked {
  readonly question: string;
  readonly choices?: readonly string[];
}

/**
 * A tool by which the model asks a person, and goes on with the answer. Each question is a pending input of the run.
 *
 * @example
 * agent({ id: 'planner', model, tools: { askHuman: askHuman({ assignee: 'ann@example.com' }) } });
 */
export function askHuman({ description, schema, assignee }: AskHumanOptions = {}): DurableTool {
  const tool: DurableTool<Asked> = {
    description: description ?? 'Asks a person, where nothing else can tell. The result is the answer.',
    inputSchema: jsonSchema<Asked>({
      type: 'object',
      properties: {
        question: { type: 'string' },
        choices: {
          type: 'array',
          items: { type: 'string' },
          description: 'What to choose from, if anything.',
        },
      },
      required: ['question'],
      additionalProperties: false,
    }),
    isQuestion: true,
    run: inputRequest({ ...(schema && { schema }) }),
    toInput: ({ question, choices }) => ({
      prompt: question,
      ...(choices && { choices }),
      ...(assignee !== undefined && { assignee }),
    }),
  };
  return tool;
}
