/** Tells those who listen what a model says, as the AI SDK streams it. */
import { streamText, wrapLanguageModel, type ToolSet } from 'ai';
import { tellPart } from '../parts.ts';
import type { Recording } from './recording.ts';
import type { KnownModel } from './resolve-model.ts';

interface Told {
  readonly system: object;
  readonly messageId: string;
  readonly agent: string;
  readonly model: KnownModel;
  readonly tools: ToolSet;
}

/** Plays what is recorded to the AI SDK, from the beginning. Resolves at its end, and where it failed. */
export async function tellAll(
  recording: Recording,
  { system, messageId, agent, model, tools }: Told,
): Promise<void> {
  const { fullStream } = streamText({
    model: wrapLanguageModel({ model, middleware: { wrapStream: () => recording.play() } }),
    // It was asked already.
    prompt: '-',
    tools,
    maxRetries: 0,
    // Errors are parts of the stream as well.
    onError: () => {},
  });
  for await (const part of fullStream) {
    if (part.type === 'error') return;
    tellPart(system, { type: 'part', messageId, agent, part });
  }
}
