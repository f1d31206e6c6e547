/**
 * Names made from content.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const known = new WeakMap<Uint8Array, string>();

/**
 * The SHA-256 of some bytes, in hex. Each array is read once: what is in a context is not changed in place.
 */
export function contentHash(bytes: Uint8Array): string {
  let hash = known.get(bytes);
  if (hash === undefined) {
    hash = bytesToHex(sha256(bytes));
    known.set(bytes, hash);
  }
  return hash;
}

/** The first 16 bytes of the SHA-256 of a text, in hex. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 16));
}
