/** The process that is killed: it has conversations, and takes them on. Others answer and speak. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { tool } from 'ai';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, currentEffect } from 'savepoint';
import { agent, durableTool } from 'savepoint/machines/agent';
import { sqliteStore } from 'savepoint/sqlite';
import { z } from 'zod';
import type { Loaded } from '../worker-process.ts';
import { prompt } from './conversation.ts';
import { openOutside } from './outside.ts';

/** Where the runs and the model are, which runs, and which process this is, counted from 1. */
export interface Order {
  readonly folder: string;
  readonly url: string;
  readonly runs: readonly string[];
  readonly life: number;
}

export type Answer = { readonly opened: true } | { readonly fault: string };

const tell = (answer: Answer): void => void process.send?.(answer);
const fault = (error: unknown): void =>
  tell({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => void live(order).catch(fault));

/** How long a deed takes at most, in milliseconds. */
const LONGEST = 25;

async function live({ folder, url, runs, life }: Order): Promise<void> {
  const write = openOutside(folder, life);
  const doing = async (effectId: string, input: unknown): Promise<void> => {
    write({ effectId, at: 'begin', input });
    await sleep(Math.random() * LONGEST);
    write({ effectId, at: 'end', input });
  };
  // The key tells the server who calls.
  const provider = createOpenAICompatible({
    name: 'loopback',
    baseURL: url,
    apiKey: `${life}`,
    includeUsage: true,
  });
  const planner = agent({
    id: 'planner',
    version: '1',
    model: provider('m-1'),
    instructions: 'You arrange journeys.',
    chat: true,
    tools: {
      search: durableTool({
        inputSchema: z.object({ query: z.string() }),
        run: async ({ input, step }) => {
          const pages = await step('fetch', async ({ effectId }) => {
            await doing(effectId, input);
            return [`${input.query}, the first page`, `${input.query}, the second`];
          });
          return step('rank', async ({ effectId }) => {
            await doing(effectId, input);
            return { best: pages[1], at: new Date(0) };
          });
        },
      }),
      weather: tool({
        inputSchema: z.object({ city: z.string() }),
        execute: async (input) => {
          await doing(currentEffect()!.effectId, input);
          return `Fog in ${input.city}.`;
        },
      }),
      book: durableTool({
        inputSchema: z.object({ what: z.string(), nights: z.number() }),
        approval: true,
        run: async ({ input, effectId }) => {
          await doing(effectId, input);
          return { ...input, reference: effectId };
        },
      }),
    },
  });
  const store = sqliteStore(join(folder, 'runs.db'));
  const runtime = createRuntime({ store, limits: { recoveries: 1000, poll: 10 }, logger: () => {} });
  await Promise.all(runs.map((id) => runtime.ensure(planner, { id, input: { prompt } })));
  tell({ opened: true });
}

process.send?.({ loaded: true } satisfies Loaded);
