/**
 * Names made from content.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const known = new WeakMap<object, { readonly sum: number; readonly hash: string }>();

/**
 * The SHA-256 of some bytes, in hex. It is kept for their owner together with a checksum, which costs a tenth of it: an
 * image that stays in a context is hashed once, and a buffer that was filled again is hashed again.
 */
export function contentHash(bytes: Uint8Array, owner: object = bytes): string {
  // FNV-1a, of 32 bits.
  let sum = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ (bytes[i] as number), 0x01000193);
  let last = known.get(owner);
  if (last?.sum !== sum) known.set(owner, (last = { sum, hash: bytesToHex(sha256(bytes)) }));
  return last.hash;
}

/** The first 16 bytes of the SHA-256 of a text, in hex. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 16));
}
