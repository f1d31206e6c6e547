/**
 * Rich documents to values.
 *
 * @module
 */
import { fromBase64, fromBytes } from './binary.ts';
import type { CustomType } from './custom-type.ts';
import { errorOf, type ErrorParts } from './error-value.ts';
import type { Json } from './json.ts';
import { decodeLeaf } from './leaf.ts';
import { untag } from './tag.ts';

/** Makes the value of a document, which is used up. Throws an Error that says what is missing or damaged. */
export function decode(
  document: Json,
  blobs: ReadonlyMap<string, Uint8Array>,
  types: readonly CustomType[],
): unknown {
  return value(document);

  function value(json: Json): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (Array.isArray(json)) {
      // Not map(): its frames would fill the stack where values are nested deeply.
      const items: unknown[] = json;
      for (let i = 0; i < json.length; i++) items[i] = value(json[i] as Json);
      return items;
    }
    const tagged = untag(json);
    if (tagged) {
      const [name, body] = tagged;
      return name.startsWith('=') ? { [name]: value(body) } : rich(name, value(body));
    }
    // Each key is the document's own already, so that even `__proto__` is an ordinary one.
    const members: Record<string, unknown> = json;
    for (const key of Object.keys(json)) members[key] = value(json[key] as Json);
    return json;
  }

  function rich(name: string, body: unknown): unknown {
    if (name.startsWith(':')) {
      const type = types.find((type) => `:${type.name}` === name);
      if (type) return type.decode(body);
      throw new Error(`the custom type '${name.slice(1)}' is not registered: createRuntime({ types })`);
    }
    switch (name) {
      case 'bytes':
      case 'blob': {
        const [className, data] = list(body);
        if (typeof data !== 'string') throw new Error('a binary value is not text');
        const bytes = name === 'blob' ? blobs.get(data) : fromBase64(data);
        if (bytes) return fromBytes(String(className), bytes);
        throw new Error(`the blob ${data} is missing`);
      }
      case 'Map':
        return new Map(list(body) as [unknown, unknown][]);
      case 'Set':
        return new Set(list(body));
      case 'Array': {
        const [length, ...indexed] = list(body);
        return Object.assign([], Object.fromEntries(indexed as [number, unknown][]), { length });
      }
      case 'Error':
        return errorOf(body as ErrorParts);
      case 'at': {
        const [regexp, lastIndex] = list(body);
        return Object.assign(regexp as RegExp, { lastIndex });
      }
      case 'Date':
        return new Date((body as string | null) ?? NaN);
    }
    return decodeLeaf(name, body);
  }
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('a tagged value has no list');
  return value;
}

/** The hashes of the blobs that a rich document refers to. */
export function blobsOf(json: Json, hashes: string[] = []): string[] {
  if (typeof json !== 'object' || json === null) return hashes;
  const tagged = Array.isArray(json) ? undefined : untag(json);
  if (tagged?.[0] === 'blob') hashes.push((tagged[1] as [string, string])[1]);
  else for (const item of Object.values(json)) blobsOf(item, hashes);
  return hashes;
}
