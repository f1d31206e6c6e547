/** A model of the AI SDK that answers at once. */
import type { LanguageModel } from 'ai';
import { ANSWER, wanted } from './contender.ts';

type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>;
type Result = Awaited<ReturnType<Model['doStream']>>;
type Part = Result['stream'] extends ReadableStream<infer TPart> ? TPart : never;

export const scriptedModel: Model = {
  specificationVersion: 'v4',
  provider: 'bench',
  modelId: 'scripted',
  supportedUrls: {},
  doGenerate: () => Promise.reject(new Error('The model streams.')),
  async doStream({ prompt }) {
    const calls = wanted(prompt.filter(({ role }) => role === 'assistant').length);
    const unified = calls.length > 0 ? 'tool-calls' : 'stop';
    const parts: Part[] = [
      { type: 'stream-start', warnings: [] },
      ...(calls.length > 0
        ? calls.map(({ n }): Part => ({
            type: 'tool-call',
            toolCallId: `call-${n}`,
            toolName: 'look',
            input: JSON.stringify({ n }),
          }))
        : ([
            { type: 'text-start', id: 't' },
            { type: 'text-delta', id: 't', delta: ANSWER },
            { type: 'text-end', id: 't' },
          ] satisfies Part[])),
      {
        type: 'finish',
        finishReason: { unified, raw: unified },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
      },
    ];
    return {
      stream: new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      }),
    };
  },
};
