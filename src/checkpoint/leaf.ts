/**
 * The values that superjson stores well on their own: undefined, NaN, the infinities, -0, BigInt, RegExp, URL.
 *
 * @module
 */
import { SuperJSON } from 'superjson';
import type { Json } from './json.ts';
import { tag } from './tag.ts';

// One of our own: what the application registers with the shared one must not change what is stored.
const superjson = new SuperJSON();

/** One of these values, tagged with superjson's name for its type. */
export function encodeLeaf(value: unknown): Json {
  const { json, meta } = superjson.serialize(value);
  const { values } = meta as unknown as { values: [type: string] };
  return tag(values[0], json as Json);
}

/** The value again. Throws when the type is none of superjson's. */
export function decodeLeaf(type: string, json: unknown): unknown {
  return superjson.deserialize({ json, meta: { values: [type], v: 1 } } as never);
}
