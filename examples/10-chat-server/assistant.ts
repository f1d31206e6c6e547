/** The assistant of a print shop: it says what an order comes to, and prints nothing before somebody has agreed. */
import { agent, durableTool } from 'savepoint/machines/agent';
import { z } from 'zod';
import { model } from './model.ts';

export interface Shop {
  /** The press starts. The same key twice is one order. */
  readonly print: (key: string, posters: number, title: string) => Promise<string>;
  readonly onCall: (key: string | undefined) => void;
}

export const assistant = ({ print, onCall }: Shop) =>
  agent({
    id: 'assistant',
    chat: true,
    model: model(onCall),
    instructions: 'You take orders for a print shop. Tell the price first, then print.',
    tools: {
      quote: durableTool({
        description: 'What an order comes to.',
        inputSchema: z.object({ posters: z.number().int().positive() }),
        run: async ({ input }) => ({ euros: input.posters * 1.2 }),
      }),
      print: durableTool({
        description: 'Starts the press.',
        inputSchema: z.object({ posters: z.number().int().positive(), title: z.string() }),
        approval: true,
        run: ({ input, effectId }) => print(effectId, input.posters, input.title),
      }),
    },
  });
