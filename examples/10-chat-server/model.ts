/**
 * The model: any that speaks OpenAI's format, by MODEL, OPENAI_BASE_URL and OPENAI_API_KEY; without a key one that says
 * what it has learned by heart, word by word, and what it says depends on nothing but the messages.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { simulateReadableStream, type LanguageModel } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';

/** Between two words, in milliseconds. */
const PACE = Number(process.env['PACE'] ?? 40);

interface Answer {
  readonly text: string;
  readonly call?: { readonly tool: string; readonly input: object };
}

const answers: readonly Answer[] = [
  {
    text:
      'Good morning, and welcome to Inkwell & Daughters, printers since the days of lead. Two hundred posters for a ' +
      'lantern parade, on paper that can stand some rain: that is a fine order, and there is time enough for it. Let me ' +
      'see what it comes to.',
    call: { tool: 'quote', input: { posters: 200 } },
  },
  {
    text: 'It comes to 240 euros. I have written the order, and I need your word before the press starts.',
    call: { tool: 'print', input: { posters: 200, title: 'The lantern parade' } },
  },
  { text: 'The press is running. Your posters are ready on Thursday.' },
];

/** Says it. `onCall` is told of each call, and of the message that is being made by it. */
function scripted(onCall: (key: string | undefined) => void): LanguageModel {
  return new MockLanguageModelV4({
    modelId: 'by-heart',
    doStream: async ({ prompt, headers }) => {
      onCall(headers?.['idempotency-key']);
      const since = prompt.slice(prompt.findLastIndex(({ role }) => role === 'user'));
      const said = since.filter(({ role }) => role === 'assistant').length;
      const { text, call } = answers[said] ?? { text: 'That is all that I know.' };
      const reason = call ? 'tool-calls' : 'stop';
      return {
        stream: simulateReadableStream({
          chunkDelayInMs: PACE,
          chunks: [
            { type: 'stream-start', warnings: [] },
            { type: 'text-start', id: 'text' },
            ...text.split(/(?<= )/).map((delta) => ({ type: 'text-delta' as const, id: 'text', delta })),
            { type: 'text-end', id: 'text' },
            ...(call
              ? [
                  {
                    type: 'tool-call' as const,
                    toolCallId: `call-${prompt.length}`,
                    toolName: call.tool,
                    input: JSON.stringify(call.input),
                  },
                ]
              : []),
            {
              type: 'finish',
              finishReason: { unified: reason, raw: reason },
              usage: {
                inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: 0 },
                outputTokens: { total: 50, text: 50, reasoning: 0 },
              },
            },
          ],
        }),
      };
    },
  });
}

export function model(onCall: (key: string | undefined) => void): LanguageModel {
  const { MODEL = 'gpt-5-mini', OPENAI_BASE_URL = 'https://api.openai.com/v1', OPENAI_API_KEY } = process.env;
  if (OPENAI_API_KEY === undefined) return scripted(onCall);
  return createOpenAICompatible({ name: 'provider', baseURL: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY })(
    MODEL,
  );
}
