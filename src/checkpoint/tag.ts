/**
 * How values that JSON lacks stand in a rich document: as an object with one key that begins with `=`, such as
 * `{"=Date": "2026-02-28T12:00:00.000Z"}`. An object of the user's that looks like one gets one more `=`.
 *
 * @module
 */
import type { Json } from './json.ts';

/** Makes a tagged value. */
export function tag(name: string, body: Json): Json {
  return { [`=${name}`]: body };
}

/** The name and the body of a tagged value; undefined for an ordinary object. */
export function untag(json: object): [name: string, body: Json] | undefined {
  const keys = Object.keys(json);
  const key = keys[0];
  return keys.length === 1 && key?.startsWith('=')
    ? [key.slice(1), Reflect.get(json, key) as Json]
    : undefined;
}
