/** A step of an answer, as the AI SDK streams it. */
import type { AssistantModelMessage, UIMessageChunk } from 'ai';
import { resultOf, type AgentToolResult } from '../messages.ts';
import { dataUrl, jsonValue } from './json-value.ts';
import type { Step } from './turn.ts';

/** How a tool call stands. */
export interface CallState {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  /** The question whether it may be called. */
  readonly question?: string | undefined;
  /** Whether that is still open. */
  readonly isAsking?: boolean;
  readonly result?: AgentToolResult | undefined;
}

type Content = Exclude<AssistantModelMessage['content'], string>[number];

/** The parts of a message. */
export const partsOf = ({ content }: AssistantModelMessage): readonly Content[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** What the model said, from beginning to end. */
export function contentChunks({ message }: Step): UIMessageChunk[] {
  let count = 0;
  return partsOf(message).flatMap((part): UIMessageChunk[] => {
    const { providerOptions } = part as { readonly providerOptions?: Metadata };
    const more = providerOptions ? { providerMetadata: providerOptions } : {};
    switch (part.type) {
      case 'text':
      case 'reasoning': {
        const id = pieceId(message.id, count++);
        return [
          { type: `${part.type}-start`, id, ...more },
          ...(part.text === '' ? [] : [{ type: `${part.type}-delta` as const, id, delta: part.text }]),
          { type: `${part.type}-end`, id },
        ];
      }
      case 'file':
      case 'reasoning-file':
        return [
          { type: part.type, mediaType: part.mediaType, url: urlOf(part.mediaType, part.data), ...more },
        ];
      case 'custom':
        return [{ type: 'custom', kind: part.kind, ...more }];
      case 'tool-call': {
        const { toolCallId, toolName, input, providerExecuted } = part;
        const by = providerExecuted ? { providerExecuted } : {};
        return [{ type: 'tool-input-available', toolCallId, toolName, input: input ?? null, ...by, ...more }];
      }
      case 'tool-result':
        // Of a tool that the provider called itself.
        return outputChunks(part).map(
          (chunk) => ({ ...chunk, providerExecuted: true, ...more }) as UIMessageChunk,
        );
      default:
        return [];
    }
  });
}

type Metadata = NonNullable<Extract<Content, { type: 'text' }>['providerOptions']>;

/** The id of a text or a thought: the same in each stream of a message. */
export const pieceId = (message: string, count: number): string => `${message}/${count}`;

/** How a call stands, from its approval on. */
export function callChunks(call: CallState): UIMessageChunk[] {
  const { toolCallId, question, isAsking, result } = call;
  const isDenied = result?.output.type === 'execution-denied';
  // Where nobody was asked, and it was not called: the UI wants to hear of a question all the same.
  const approvalId = question ?? (isDenied ? `${toolCallId}/approval` : undefined);
  if (approvalId === undefined) return result ? outputChunks(result) : [];
  const asked: UIMessageChunk = {
    type: 'tool-approval-request',
    approvalId,
    toolCallId,
    ...(question === undefined && { isAutomatic: true }),
  };
  if (isAsking) return [asked];
  const { reason } = (isDenied ? result.output : {}) as { readonly reason?: string };
  const answered: UIMessageChunk = {
    type: 'tool-approval-response',
    approvalId,
    approved: !isDenied,
    ...(reason !== undefined && { reason }),
  };
  return [asked, answered, ...(result ? outputChunks(result) : [])];
}

function outputChunks(part: AgentToolResult): UIMessageChunk[] {
  const { toolCallId, output } = part;
  switch (output.type) {
    case 'execution-denied':
      return [{ type: 'tool-output-denied', toolCallId }];
    case 'error-text':
      return [{ type: 'tool-output-error', toolCallId, errorText: output.value }];
    case 'error-json':
      return [{ type: 'tool-output-error', toolCallId, errorText: JSON.stringify(output.value) }];
    default:
      return [{ type: 'tool-output-available', toolCallId, output: jsonValue(resultOf(part)) }];
  }
}

/** Where a page finds a file. */
export function urlOf(mediaType: string, data: unknown): string {
  if (data instanceof URL) return data.href;
  if (data instanceof Uint8Array) return dataUrl(mediaType, data);
  if (data instanceof ArrayBuffer) return dataUrl(mediaType, new Uint8Array(data));
  if (typeof data === 'string')
    return /^(?:data|https?):/.test(data) ? data : `data:${mediaType};base64,${data}`;
  const { url, data: inner, text } = data as { url?: unknown; data?: unknown; text?: string };
  if (text !== undefined) return dataUrl(mediaType, new TextEncoder().encode(text));
  // What a provider keeps has no address.
  return url === undefined && inner === undefined ? '' : urlOf(mediaType, url ?? inner);
}
