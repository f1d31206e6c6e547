/** A model of the AI SDK that answers at once. */
import type { LanguageModel } from 'ai';
import { ANSWER, wanted } from './contender.ts';

type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>;
type Result = Awaited<ReturnType<Model['doStream']>>;
type Part = Result['stream'] extends ReadableStream<infer TPart> ? TPart : never;

type Whole = Awaited<ReturnType<Model['doGenerate']>>;

/** What it says, after so many answers of its own. */
function answer(spoken: number): Whole {
  const calls = wanted(spoken);
  const unified = calls.length > 0 ? 'tool-calls' : 'stop';
  return {
    content:
      calls.length > 0
        ? calls.map(({ n }) => ({
            type: 'tool-call',
            toolCallId: `call-${n}`,
            toolName: 'look',
            input: JSON.stringify({ n }),
          }))
        : [{ type: 'text', text: ANSWER }],
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    },
    warnings: [],
  };
}

const partsOf = ({ content, finishReason, usage, warnings }: Whole): Part[] => [
  { type: 'stream-start', warnings },
  ...content.flatMap((piece): Part[] => {
    if (piece.type === 'tool-call') return [piece];
    if (piece.type !== 'text') return [];
    const id = 't';
    return [
      { type: 'text-start', id },
      { type: 'text-delta', id, delta: piece.text },
      { type: 'text-end', id },
    ];
  }),
  { type: 'finish', finishReason, usage },
];

const spokenIn = (prompt: readonly { readonly role: string }[]): number =>
  prompt.filter(({ role }) => role === 'assistant').length;

export const scriptedModel: Model = {
  specificationVersion: 'v4',
  provider: 'bench',
  modelId: 'scripted',
  supportedUrls: {},
  doGenerate: async ({ prompt }) => answer(spokenIn(prompt)),
  async doStream({ prompt }) {
    const parts = partsOf(answer(spokenIn(prompt)));
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
