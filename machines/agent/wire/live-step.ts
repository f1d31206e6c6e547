/** A step that a model is just saying. */
import { toUIMessageChunk, type UIMessageChunk } from 'ai';
import type { AgentPart } from '../parts.ts';
import { pieceId } from './step-chunks.ts';

/**
 * Makes chunks of what is heard, such that nothing but the pace tells them from those of the finished message: the same
 * ids, nothing of a tool but its name, and no text that is empty.
 */
export class LiveStep {
  readonly chunks: UIMessageChunk[] = [];
  /** The ids of texts and thoughts: the provider's, and ours. */
  readonly #ids = new Map<string, string>();
  readonly #held = new Map<string, UIMessageChunk>();
  #count = 0;

  /** `id`: of the message. */
  constructor(readonly id: string) {}

  /** What a part comes to. */
  hear(part: AgentPart['part']): readonly UIMessageChunk[] {
    const heard = this.#chunksOf(part);
    this.chunks.push(...heard);
    return heard;
  }

  #chunksOf(part: AgentPart['part']): UIMessageChunk[] {
    const chunk: UIMessageChunk | undefined = toUIMessageChunk(part);
    switch (chunk?.type) {
      case 'text-start':
        this.#held.set(chunk.id, chunk);
        return [];
      case 'reasoning-start':
        return [{ ...chunk, id: this.#newId(chunk.type, chunk.id) }];
      case 'text-delta':
        return chunk.delta === ''
          ? []
          : [...this.#begun(chunk.id), { ...chunk, id: this.#idOf('text', chunk.id) }];
      case 'text-end': {
        const isSaid = !this.#held.has(chunk.id) || chunk.providerMetadata !== undefined;
        const before = isSaid ? this.#begun(chunk.id) : [];
        this.#held.delete(chunk.id);
        return isSaid ? [...before, { ...chunk, id: this.#idOf('text', chunk.id) }] : [];
      }
      case 'reasoning-delta':
      case 'reasoning-end':
        return [{ ...chunk, id: this.#idOf('reasoning', chunk.id) }];
      case 'tool-input-start':
      case 'tool-input-available': {
        const { dynamic: _dynamic, title: _title, toolMetadata: _metadata, ...rest } = chunk;
        return [rest];
      }
      case 'tool-input-error': {
        // What is wrong with it is its result.
        const { toolCallId, toolName } = chunk;
        const input = typeof chunk.input === 'object' ? chunk.input : {};
        return [{ type: 'tool-input-available', toolCallId, toolName, input }];
      }
      case 'tool-input-delta':
      case 'tool-output-available':
      case 'tool-output-error':
      case 'file':
      case 'reasoning-file':
      case 'custom':
        return [chunk];
      default:
        return [];
    }
  }

  #begun(id: string): UIMessageChunk[] {
    const held = this.#held.get(id);
    this.#held.delete(id);
    return held ? [{ ...held, id: this.#newId(held.type, id) } as UIMessageChunk] : [];
  }

  #newId(type: string, given: string): string {
    const id = pieceId(this.id, this.#count++);
    this.#ids.set(`${type.replace('-start', '')} ${given}`, id);
    return id;
  }

  #idOf(kind: 'text' | 'reasoning', given: string): string {
    return this.#ids.get(`${kind} ${given}`) ?? given;
  }
}

interface Pieces {
  readonly type: string;
  readonly id?: string;
  readonly toolCallId?: string;
  readonly delta?: string;
  readonly inputTextDelta?: string;
}

/** What chunks come to in a message: of two lists with the same, a page makes the same. */
export function outcomeOf(chunks: readonly UIMessageChunk[]): string {
  const parts = new Map<string, { readonly of: string; readonly text?: string }>();
  for (const [number, chunk] of chunks.entries()) {
    const { type, id = '', toolCallId, delta = '', inputTextDelta: _input, ...said } = chunk as Pieces;
    const [, piece] = /^(text|reasoning)-(?:start|delta|end)$/.exec(type) ?? [];
    const of = piece ?? (toolCallId === undefined ? type : 'tool');
    const key = piece === undefined ? (toolCallId ?? `${type} ${number}`) : `${piece} ${id}`;
    const known = parts.get(key) ?? { of };
    parts.set(key, { ...known, ...said, ...(piece !== undefined && { text: (known.text ?? '') + delta }) });
  }
  return JSON.stringify([...parts].map(([key, part]) => [key, sorted(part)]));
}

/** Members in order, without those that are undefined. */
const sorted = (part: object): object =>
  Object.fromEntries(
    Object.entries(part)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
