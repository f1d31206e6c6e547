/**
 * Values as they are kept: text as it is wherever that is safe, so that a person can read it.
 *
 * @module
 */
import type { Row } from '../../src/store.ts';
import type { Arg } from './bytes.ts';

/** No UTF-8 begins with this byte: behind it is what is no plain text. */
const special = 0xff;
const utf16 = Buffer.of(special, 0);
const binary = Buffer.of(special, 1);

/** Lone surrogates have no place in UTF-8: a text with some is kept as UTF-16. */
export function encodeText(text: string): Arg {
  return isWellFormed(text) ? text : Buffer.concat([utf16, Buffer.from(text, 'utf16le')]);
}

export function decodeText(bytes: Buffer): string {
  return bytes[0] === special ? bytes.toString('utf16le', utf16.length) : bytes.toString('utf8');
}

/** The value of a row. Bytes are copied: they are the caller's. */
export function encodeValue(value: Row['value']): Arg {
  return typeof value === 'string' ? encodeText(value) : Buffer.concat([binary, value]);
}

export function decodeValue(bytes: Buffer): Row['value'] {
  return bytes[0] === special && bytes[1] === binary[1]
    ? new Uint8Array(bytes.subarray(binary.length))
    : decodeText(bytes);
}

/** A text that may be missing. */
export function encodeOptional(text: string | undefined): Arg {
  return text === undefined ? '' : encodeText(`=${text}`);
}

export function decodeOptional(bytes: Buffer): string | undefined {
  return bytes.length === 0 ? undefined : decodeText(bytes).slice(1);
}

// Every Node that we run on has it; TypeScript's library for our target does not.
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
