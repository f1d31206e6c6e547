/** A model that needs no key: it says what is written here, by how often it has spoken before. */
import type { LanguageModel } from 'ai';
import { setTimeout as pause } from 'node:timers/promises';

// What the AI SDK takes as a model.
export type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>;
type Streamed = Awaited<ReturnType<Model['doStream']>>;
type Part = Streamed['stream'] extends ReadableStream<infer TPart> ? TPart : never;

interface Line {
  readonly text?: string;
  readonly calls?: readonly (readonly [tool: string, input: object])[];
}

const LINES: readonly Line[] = [
  {
    text: 'I look for the apple and for the place.',
    calls: [
      ['search', { query: 'Quillfeather' }],
      ['search', { query: 'Ambleby' }],
    ],
  },
  {
    calls: [
      ['read', { page: 'survey-1911' }],
      ['read', { page: 'letters-of-h-quill' }],
    ],
  },
  { text: 'One tree was left. What became of it?', calls: [['read', { page: 'catalogue-1930' }]] },
  {
    calls: [
      [
        'write',
        {
          title: 'The last Quillfeather',
          text: 'The frost of 1928 left one tree, at the mill of Ambleby. Its grafts were sold in 1930.',
        },
      ],
    ],
  },
  { text: 'The Quillfeather may live: look in gardens that were planted after 1930.' },
];

function* partsOf({ text, calls = [] }: Line): Generator<Part> {
  yield { type: 'stream-start', warnings: [] };
  if (text !== undefined) {
    yield { type: 'text-start', id: 'text' };
    yield { type: 'text-delta', id: 'text', delta: text };
    yield { type: 'text-end', id: 'text' };
  }
  for (const [at, [toolName, input]] of calls.entries())
    yield { type: 'tool-call', toolCallId: `${toolName}-${at + 1}`, toolName, input: JSON.stringify(input) };
  const reason = calls.length > 0 ? 'tool-calls' : 'stop';
  yield {
    type: 'finish',
    finishReason: { unified: reason, raw: reason },
    usage: {
      inputTokens: { total: 40, noCache: 40, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 20, text: 20, reasoning: 0 },
    },
  };
}

export const scriptedModel: Model = {
  specificationVersion: 'v4',
  provider: 'the example',
  modelId: 'scripted',
  supportedUrls: {},
  doGenerate: () => Promise.reject(new Error('It only streams.')),
  async doStream({ prompt }) {
    await pause(300);
    const line = LINES[prompt.filter(({ role }) => role === 'assistant').length] ?? {};
    const stream = new ReadableStream<Part>({
      start(controller) {
        for (const part of partsOf(line)) controller.enqueue(part);
        controller.close();
      },
    });
    return { stream };
  },
};
