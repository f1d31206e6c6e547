/** The agent: it searches an archive, reads, and writes a report when a person has agreed to it. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { wrapLanguageModel } from 'ai';
import { agent, durableTool } from 'savepoint/machines/agent';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { scriptedModel } from './scripted-model.ts';
import { note, read, search, write } from './world.ts';

const { MODEL_URL: url, MODEL_KEY: apiKey, MODEL_NAME: name = '', SLOW_LOOP: slow } = process.env;

const chosen =
  url === undefined
    ? scriptedModel
    : createOpenAICompatible({ name: 'chosen', baseURL: url, ...(apiKey && { apiKey }) }).chatModel(name);

/** Each call is written down as it begins. What the agent asks with is the id of the effect, which outlives processes. */
const model = wrapLanguageModel({
  model: chosen,
  middleware: {
    async wrapStream({ doStream, params }) {
      const loop = params.prompt.filter(({ role }) => role === 'assistant').length + 1;
      note({ who: 'the model', what: `loop ${loop}`, key: params.headers?.['idempotency-key'] ?? '' });
      // Asked for it, it thinks for so long that the process can be killed meanwhile.
      if (String(loop) === slow) await pause(60_000, undefined, { signal: params.abortSignal });
      return doStream();
    },
  },
});

export const researcher = agent({
  id: 'researcher',
  version: '1',
  model,
  instructions:
    'You find things out in an archive. First search, then read what you found, page by page. When you know enough, ' +
    'write one report, and tell in one sentence what is in it.',
  tools: {
    search: durableTool({
      description: 'Finds the names of pages by words that are in them.',
      inputSchema: z.object({ query: z.string() }),
      run: async ({ input, effectId }) => search(input.query, effectId),
    }),
    read: durableTool({
      description: 'Reads a page.',
      inputSchema: z.object({ page: z.string() }),
      run: async ({ input, effectId }) => read(input.page, effectId),
    }),
    write: durableTool({
      description: 'Writes a report.',
      inputSchema: z.object({ title: z.string(), text: z.string() }),
      // It can be called from the approved state alone: before that, the call is a question to a person.
      approval: {
        prompt: ({ input }) => `Put '${input.title}' on the shelf?`,
        assignee: 'pippa@pomona.example',
      },
      run: async ({ input, effectId }) => write(input.title, effectId),
    }),
  },
});
