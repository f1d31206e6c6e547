/**
 * The keys of a sealed store, made from its secrets.
 *
 * @module
 */
import { StoreError } from '../errors.ts';

/** A key for AES-GCM, and the name by which its records are known. */
interface SealKey {
  readonly id: Uint8Array;
  readonly key: CryptoKey;
}

/** The keys that may open records; the first one seals. */
export interface Keys {
  readonly current: SealKey;
  /** By id, in hex. */
  readonly all: ReadonlyMap<string, SealKey>;
}

/** In bytes. It only has to tell a few keys apart. */
export const ID_LENGTH = 8;

/** The id of a key, for people. */
export const toHex = (id: Uint8Array): string =>
  Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @throws StoreError where there is no Web Crypto. */
export async function makeKeys(secrets: readonly Uint8Array<ArrayBuffer>[]): Promise<Keys> {
  if ((globalThis.crypto as Crypto | undefined)?.subtle === undefined)
    throw new StoreError(
      'sealed() needs Web Crypto, and a page has that only on https: or localhost. Nothing was written.',
      'failed',
    );
  const keys = await Promise.all(secrets.map(makeKey));
  return { current: keys[0]!, all: new Map(keys.map((key) => [toHex(key.id), key])) };
}

/** HKDF, so that neither the key nor its id says anything of the other, or of the secret. */
async function makeKey(secret: Uint8Array<ArrayBuffer>): Promise<SealKey> {
  const { subtle } = crypto;
  const given = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const from = (info: string): HkdfParams => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(info),
  });
  const [key, id] = await Promise.all([
    subtle.deriveKey(from('savepoint sealed key'), given, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]),
    subtle.deriveBits(from('savepoint sealed key id'), given, ID_LENGTH * 8),
  ]);
  return { key, id: new Uint8Array(id) };
}
