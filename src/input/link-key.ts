/**
 * The secret behind answer links.
 *
 * @module
 */
import { InvalidArgumentError } from '../errors.ts';
import { SHORTEST, secretBytes, type Secret } from '../secret.ts';

/** A secret of at least 16 bytes, or a key for HMAC with SHA-256. */
export type LinkKey = Secret | CryptoKey;

const hmac = { name: 'HMAC', hash: 'SHA-256' } as const;

/** The key that signs or verifies. Throws `InvalidArgumentError` for what cannot be one. */
export async function importKey(key: LinkKey, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes = secretBytes('key', key);
  if (bytes === undefined) {
    checkCryptoKey(key as CryptoKey, use);
    return key as CryptoKey;
  }
  return crypto.subtle.importKey('raw', bytes, hmac, false, [use]);
}

function checkCryptoKey(key: Partial<CryptoKey> | null | undefined, use: 'sign' | 'verify'): void {
  const algorithm = key?.algorithm as Partial<HmacKeyAlgorithm> | undefined;
  const fits = algorithm?.name === hmac.name && algorithm.hash?.name === hmac.hash;
  if (!fits || !key?.usages?.includes(use))
    throw new InvalidArgumentError(
      `'key' is a text or a Uint8Array of at least ${SHORTEST} bytes, or a CryptoKey for HMAC with SHA-256 that may ${use}.`,
    );
}
