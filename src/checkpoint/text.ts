/**
 * Values as one text, each for itself: what is kept beside the checkpoints, such as the result of a step or an answer.
 *
 * @module
 */
import type { Codec } from './codec.ts';
import { decode } from './decode.ts';
import { encodeRich, RICH } from './envelope.ts';
import type { Where } from './inspect.ts';
import type { Json } from './json.ts';

/**
 * JSON where that brings back an equal value, else a text that begins with `=`, which no JSON does. The codec must keep
 * no blobs apart. Throws `NotSerializableError`.
 */
export const encodeText = (codec: Codec, value: unknown, where: Where): string =>
  codec.inspect(value, where) === 'plain' ? JSON.stringify(value) : encodeRich(value, codec, new Map());

/** The value of a text. */
export async function decodeText(codec: Codec, text: string): Promise<unknown> {
  if (!text.startsWith(RICH)) return JSON.parse(text);
  return decode(JSON.parse(text.slice(RICH.length)) as Json, new Map(), codec.types);
}
