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

/**
 * The calls in a message, each with an id of its own: some providers give none, or one twice, and then no result could be
 * told from another. The message is changed to fit.
 */
export function withOwnIds(
  content: Content,
  errors: ReadonlyMap<object, string>,
  wanted: readonly { readonly toolCallId: string; readonly toolName: string; readonly input: unknown }[],
): { readonly content: Content; readonly calls: WantedCall[] } {
  const taken = new Set<string>();
  const calls: WantedCall[] = [];
  const changed = content.map((part) => {
    if (part.type !== 'tool-call' || part.providerExecuted) return part;
    const given = wanted[calls.length];
    let { toolCallId } = part;
    if (toolCallId === '' || taken.has(toolCallId))
      toolCallId = `${toolCallId || 'call'}-${calls.length + 1}`;
    taken.add(toolCallId);
    const error = given && errors.get(given);
    calls.push({
      toolCallId,
      toolName: part.toolName,
      input: part.input,
      ...(error !== undefined && { error }),
    });
    return toolCallId === part.toolCallId ? part : { ...part, toolCallId };
  });
  return { content: changed, calls };
}
