/**
 * Live values to rich documents.
 *
 * @module
 */
import { binaryName, bytesOf, toBase64 } from './binary.ts';
import type { CustomType } from './custom-type.ts';
import { errorParts } from './error-value.ts';
import { contentHash } from './hash.ts';
import { type Json, put } from './json.ts';
import { kindOf } from './kind.ts';
import { encodeLeaf } from './leaf.ts';
import { isPlainNumber } from './plain.ts';
import { tag, untag } from './tag.ts';

/** Makes the document of a value that was inspected. */
export function encode(
  value: unknown,
  blobs: Map<string, Uint8Array>,
  types: readonly CustomType[],
  blobBytes: number,
): Json {
  return document(value);

  function document(value: unknown): Json {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number' && isPlainNumber(value)) return value;
    if (typeof value !== 'object') return tag(...encodeLeaf(value));
    const kind = kindOf(value);
    if (kind === 'object') return object(value);
    if (kind === 'array') return array(value as unknown[]);
    if (kind === 'actor') return (value as { toJSON(): Json }).toJSON();
    const custom = types.find((type) => type.is(value));
    if (custom) return tag(`:${custom.name}`, document(custom.encode(value)));
    if (kind === 'map') return tag('Map', array([...(value as Map<unknown, unknown>)].flat()));
    if (kind === 'set') return tag('Set', array([...(value as Set<unknown>)]));
    if (kind === 'error') return tag('Error', object(errorParts(value as Error)));
    if (kind === 'binary') return binary(value as ArrayBuffer | ArrayBufferView);
    // superjson loses both of these.
    if (value instanceof Date && Number.isNaN(value.getTime())) return tag('NaN', 'Date');
    if (value instanceof RegExp && value.lastIndex)
      return tag('at', [tag(...encodeLeaf(value)), value.lastIndex]);
    return tag(...encodeLeaf(value));
  }

  function object(value: object): Json {
    const keys = Object.keys(value);
    const made = {};
    for (const key of keys) {
      const taken = keys.length === 1 && key.startsWith('=');
      put(made, taken ? `=${key}` : key, document(Reflect.get(value, key)));
    }
    return made;
  }

  function array(items: readonly unknown[]): Json {
    const keys = Object.keys(items);
    if (keys.length === items.length) return items.map((item) => document(item));
    const indexed = keys.map((key): Json => [Number(key), document(items[Number(key)])]);
    return tag('Array', [items.length, ...indexed]);
  }

  function binary(value: ArrayBuffer | ArrayBufferView): Json {
    const bytes = bytesOf(value);
    if (bytes.byteLength < blobBytes) return tag('bytes', [binaryName(value), toBase64(bytes)]);
    const hash = contentHash(bytes);
    blobs.set(hash, bytes);
    return tag('blob', [binaryName(value), hash]);
  }
}

/** The hashes of the blobs that a rich document refers to. */
export function blobsOf(document: Json): string[] {
  const hashes: string[] = [];
  collect(document);
  return hashes;

  function collect(json: Json): void {
    if (typeof json !== 'object' || json === null) return;
    const tagged = Array.isArray(json) ? undefined : untag(json);
    if (tagged?.[0] === 'blob') hashes.push((tagged[1] as [string, string])[1]);
    else for (const item of Object.values(json)) collect(item);
  }
}
