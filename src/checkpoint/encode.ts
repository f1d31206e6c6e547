/**
 * Live values to rich documents.
 *
 * @module
 */
import { bytesOf, toBase64 } from './binary.ts';
import type { CustomType } from './custom-type.ts';
import { contentHash } from './hash.ts';
import { walk } from './inspect.ts';
import type { Json } from './json.ts';
import { tagOf } from './kind.ts';
import { encodeLeaf } from './leaf.ts';
import { tag } from './tag.ts';

/** Makes the document of a value that was inspected. */
export function encode(
  value: unknown,
  blobs: Map<string, Uint8Array>,
  types: readonly CustomType[],
  blobBytes: number,
): Json {
  return walk(value, { actor: '', path: '' }, types, (value, kind) => {
    if (kind === 'actor') return (value as { toJSON(): Json }).toJSON();
    if (kind === 'binary') return binary(value as ArrayBuffer | ArrayBufferView);
    // superjson loses a Date that is invalid, and where a RegExp is.
    if (kind === 'Date') return tag(kind, (value as Date).toJSON());
    if (value instanceof RegExp && value.lastIndex) return tag('at', [encodeLeaf(value), value.lastIndex]);
    return encodeLeaf(value);
  }).document;

  function binary(value: ArrayBuffer | ArrayBufferView): Json {
    const bytes = bytesOf(value);
    if (bytes.length < blobBytes) return tag('bytes', [tagOf(value), toBase64(bytes)]);
    const hash = contentHash(bytes, value);
    blobs.set(hash, bytes);
    return tag('blob', [tagOf(value), hash]);
  }
}
