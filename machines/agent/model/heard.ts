/** What a model said in one call. */
import type { AssistantModelMessage, LanguageModelUsage } from 'ai';
import type { Summary } from '../run/context.ts';

/** A tool call that the model wants. */
export interface WantedCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  /** Why it cannot be made. */
  readonly error?: string;
}

export interface Heard {
  /** The id of its message, which is that of the effect that made the call. */
  readonly id: string;
  readonly content: AssistantModelMessage['content'];
  readonly text: string;
  readonly calls: readonly WantedCall[];
  readonly usage: LanguageModelUsage | undefined;
  readonly finishReason: string;
  /** Which model answered, and which was asked. */
  readonly modelId: string;
  readonly asked: string;
}

/** What a model said that was asked for a summary. */
export type HeardSummary = Pick<Heard, 'id' | 'usage' | 'modelId' | 'asked'> & { readonly summary: Summary };

type Content = Exclude<AssistantModelMessage['content'], string>;

/** The calls in a message, with why those cannot be made that cannot, by their ids. */
export const callsIn = (content: Content, errors: ReadonlyMap<string, string>): readonly WantedCall[] =>
  content.flatMap((part) => {
    if (part.type !== 'tool-call' || part.providerExecuted) return [];
    const { toolCallId, toolName, input } = part;
    const error = errors.get(toolCallId);
    return { toolCallId, toolName, input, ...(error !== undefined && { error }) };
  });
