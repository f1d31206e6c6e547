/**
 * The secret behind answer links.
 *
 * @module
 */
import { InvalidArgumentError } from '../errors.ts';

/** A secret of at least 16 bytes, or a key for HMAC with SHA-256. */
export type LinkKey = string | Uint8Array | CryptoKey;

const hmac = { name: 'HMAC', hash: 'SHA-256' } as const;
/** In bytes. Whoever has a token can try out secrets on it, as long and as fast as they like. */
const shortest = 16;

/** The key that signs or verifies. Throws `InvalidArgumentError` for what cannot be one. */
export async function importKey(key: LinkKey, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes =
    typeof key === 'string'
      ? new TextEncoder().encode(key)
      : ArrayBuffer.isView(key)
        ? new Uint8Array(key)
        : undefined;
  if (bytes === undefined) {
    checkCryptoKey(key as CryptoKey, use);
    return key as CryptoKey;
  }
  if (bytes.length < shortest)
    throw new InvalidArgumentError(
      `'key' has ${bytes.length} bytes; ${shortest} is the least. Make one: crypto.getRandomValues(new Uint8Array(32)).`,
    );
  return crypto.subtle.importKey('raw', bytes, hmac, false, [use]);
}

function checkCryptoKey(key: Partial<CryptoKey> | null | undefined, use: 'sign' | 'verify'): void {
  const algorithm = key?.algorithm as Partial<HmacKeyAlgorithm> | undefined;
  const fits = algorithm?.name === hmac.name && algorithm.hash?.name === hmac.hash;
  if (!fits || !key?.usages?.includes(use))
    throw new InvalidArgumentError(
      `'key' is a text or a Uint8Array of at least ${shortest} bytes, or a CryptoKey for HMAC with SHA-256 that may ${use}.`,
    );
}
