/**
 * Values to JSON documents and back.
 *
 * A plain value is its own document. In a rich one, each value that JSON lacks stands in its place as an object with one
 * key that begins with `=`: `{"=Date": "2026-02-28T12:00:00.000Z"}`. An object of the user's that looks like that gets
 * one more `=`. A reader must know from elsewhere which of both a document is.
 *
 * @module
 */
import { checkNames, type CustomType } from './custom-type.ts';
import { encode } from './encode.ts';
import { walk, type Where } from './inspect.ts';
import type { Json } from './json.ts';
import { isCertainlyPlain } from './plain.ts';

export type { CustomType } from './custom-type.ts';

/** What a codec can be told. */
export interface CodecOptions {
  readonly types?: readonly CustomType[];
  /** Binary values of at least this many bytes become blobs. Default 4096. */
  readonly blobBytes?: number;
}

/** Values to JSON documents; the way back is `decode`, which is loaded when something is read. */
export interface Codec {
  /**
   * Looks at a live value before it is stored: `plain` when JSON.parse(JSON.stringify(value)) brings back an equal
   * value, else `rich`, for which encode() makes a document.
   *
   * As in JSON and structuredClone, properties of plain objects that are not enumerable do not count, accessors are read,
   * an object that is met twice becomes two, and one without a prototype may come back with the ordinary one.
   *
   * @throws NotSerializableError with the path of what cannot be stored: functions, symbols, instances of classes without
   * a custom type, cycles, objects nested deeper than 1000.
   */
  inspect(value: unknown, where: Where): 'plain' | 'rich';
  /**
   * The document of a value that was inspected. The bytes of each blob that it refers to are added to `blobs`: those
   * of the value, not a copy.
   */
  encode(value: unknown, blobs: Map<string, Uint8Array>): Json;
  /** How classes of the user's are stored; `decode` needs them, too. */
  readonly types: readonly CustomType[];
}

/** Writes documents. Throws InvalidArgumentError when two custom types have one name. */
export function createCodec({ types = [], blobBytes = 4096 }: CodecOptions = {}): Codec {
  checkNames(types);
  return {
    inspect: (value, where) =>
      isCertainlyPlain(value) || !walk(value, where, types).rich ? 'plain' : 'rich',
    encode: (value, blobs) => encode(value, blobs, types, blobBytes),
    types,
  };
}
