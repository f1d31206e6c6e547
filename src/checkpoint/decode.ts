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
  types: ReadonlyMap<string, CustomType>,
): unknown {
  return value(document);

  function value(json: Json): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (Array.isArray(json)) {
      const items: unknown[] = json;
      for (let i = 0; i < json.length; i++) items[i] = value(json[i] as Json);
      return items;
    }
    const tagged = untag(json);
    if (tagged) return tagged[0].startsWith('=') ? { [tagged[0]]: value(tagged[1]) } : rich(...tagged);
    // Each key is the document's own already, so that even `__proto__` is an ordinary one.
    for (const key of Object.keys(json)) Reflect.set(json, key, value(Reflect.get(json, key)));
    return json;
  }

  function rich(name: string, body: Json): unknown {
    switch (name) {
      case 'bytes':
        return fromBytes(text(body, 0), fromBase64(text(body, 1)));
      case 'blob':
        return fromBytes(text(body, 0), blob(text(body, 1)));
      case 'Map':
        return mapOf(list(value(body)));
      case 'Set':
        return new Set(list(value(body)));
      case 'Array':
        return sparseArray(list(value(body)));
      case 'Error':
        return errorOf(value(body) as ErrorParts);
      case 'at': {
        const [regexp, lastIndex] = list(value(body));
        return Object.assign(regexp as RegExp, { lastIndex });
      }
      case 'NaN':
        return new Date(NaN);
    }
    return name.startsWith(':') ? custom(name.slice(1), body) : decodeLeaf(name, body);
  }

  function custom(name: string, body: Json): unknown {
    const type = types.get(name);
    if (type === undefined)
      throw new Error(`the custom type '${name}' is not registered: createRuntime({ types })`);
    return type.decode(value(body));
  }

  function blob(hash: string): Uint8Array {
    const bytes = blobs.get(hash);
    if (bytes === undefined) throw new Error(`the blob ${hash} is missing`);
    return bytes;
  }
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('a tagged value has no list');
  return value;
}

function text(body: Json, index: number): string {
  const item = list(body)[index];
  if (typeof item !== 'string') throw new Error('a binary value is not text');
  return item;
}

function mapOf(flat: unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
  return map;
}

function sparseArray([length, ...indexed]: unknown[]): unknown[] {
  const array: unknown[] = [];
  array.length = length as number;
  for (const [index, item] of indexed as [number, unknown][]) array[index] = item;
  return array;
}
