/** A model that says what a script says. */
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';

type Result = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;
type StreamPart = Result['stream'] extends ReadableStream<infer P> ? P : never;

/** One answer: a text, calls of tools, or whatever it does instead. */
export interface Line {
  readonly text?: string;
  /** The tool, its arguments (a text is taken as it is), and the id of the call; default `call-1`, `call-2` in each answer. */
  readonly calls?: readonly (readonly [tool: string, input: unknown, id?: string])[];
  /** Instead of an answer. */
  readonly fails?: () => Error;
  /** In the middle of it. */
  readonly breaks?: boolean;
  readonly tokens?: number;
  /** Whatever else a model streams, as it streams it; before the calls. */
  readonly parts?: readonly object[];
}

/** What a model is called with. */
export type ModelCall = Parameters<MockLanguageModelV4['doStream']>[0];

export interface ScriptedModel {
  readonly model: MockLanguageModelV4;
  /** What it was called with. */
  readonly calls: readonly ModelCall[];
}

/** A model that answers with one line after another; `script` may also say it of the number of the call, from 1 on. */
export function scriptedModel(
  script: readonly Line[] | ((call: number, options: ModelCall) => Line),
): ScriptedModel {
  const calls: ModelCall[] = [];
  const model = new MockLanguageModelV4({
    modelId: 'scripted',
    doStream: async (options) => {
      calls.push(options);
      const line = typeof script === 'function' ? script(calls.length, options) : script[calls.length - 1];
      if (line === undefined) throw new Error(`The script has no line ${calls.length}.`);
      if (line.fails) throw line.fails();
      return { stream: convertArrayToReadableStream(partsOf(line)) };
    },
  });
  return { model, calls };
}

function partsOf({ text, calls = [], breaks, tokens = 10, parts: more = [] }: Line): StreamPart[] {
  const parts: StreamPart[] = [{ type: 'stream-start', warnings: [] }, ...(more as readonly StreamPart[])];
  if (text !== undefined) {
    parts.push({ type: 'text-start', id: 't' });
    for (const delta of text.match(/.{1,4}/gs) ?? []) parts.push({ type: 'text-delta', id: 't', delta });
    if (breaks) return [...parts, { type: 'error', error: new Error('the connection was cut') }];
    parts.push({ type: 'text-end', id: 't' });
  }
  calls.forEach(([toolName, input, toolCallId = `call-${parts.length}`]) => {
    parts.push({
      type: 'tool-call',
      toolCallId,
      toolName,
      input: typeof input === 'string' ? input : JSON.stringify(input),
    });
  });
  const unified = parts.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop';
  parts.push({
    type: 'finish',
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: tokens, noCache: tokens, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: tokens, text: tokens, reasoning: 0 },
    },
  });
  return parts;
}
