/**
 * One sealed value: `SV`, the version of this layout, how the value became bytes, the id of the key, the nonce, and what
 * AES-GCM made of it. A text is sealed as base64 of that, so that it can be stored where texts are.
 *
 * @module
 */
import { SavepointError, WrongKeyError } from '../errors.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { ID_LENGTH, toHex, type Keys } from './keys.ts';
import { damaged, nameOf, type Place } from './place.ts';

/** `SV` and the version. Three bytes, so that each sealed text begins alike: `U1YB`. */
const magic = Uint8Array.of(0x53, 0x56, 1);
const encodingAt = magic.length;
const keyAt = encodingAt + 1;
const nonceAt = keyAt + ID_LENGTH;
/** In bytes, as AES-GCM has it. Random, which is good for 2^32 records with one key. */
const NONCE_LENGTH = 12;
const sealedAt = nonceAt + NONCE_LENGTH;
/** In bytes. */
const TAG_LENGTH = 16;

/** How a value becomes bytes. Half a character has no UTF-8, so that a text with one goes through JSON. */
const BYTES = 0;
const UTF_8 = 1;
const JSON_TEXT = 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Seals a value for one place. Begins at once: who changes bytes afterwards does not change what is sealed. */
export async function seal<T extends string | Uint8Array>(keys: Keys, place: Place, value: T): Promise<T> {
  const { id, key } = keys.current;
  const [encoding, plain] = encode(value);
  const head = new Uint8Array(sealedAt);
  head.set(magic);
  head[encodingAt] = encoding;
  head.set(id, keyAt);
  const nonce = crypto.getRandomValues(head.subarray(nonceAt));
  const sealed = await crypto.subtle.encrypt(algorithm(nonce, place, encoding), key, plain);
  const record = new Uint8Array(sealedAt + sealed.byteLength);
  record.set(head);
  record.set(new Uint8Array(sealed), sealedAt);
  return (typeof value === 'string' ? toBase64(record) : record) as T;
}

/**
 * The value that was sealed for this place.
 *
 * @throws WrongKeyError
 * @throws CorruptCheckpointError for what belongs to a checkpoint, and StoreError for all else, where it was not sealed,
 * or was altered, cut short, or sealed for another place.
 */
export async function open<T extends string | Uint8Array>(keys: Keys, place: Place, value: T): Promise<T> {
  const record = typeof value === 'string' ? fromBase64(value) : (value as Uint8Array<ArrayBuffer>);
  if (!magic.subarray(0, 2).every((byte, at) => record[at] === byte))
    throw damaged(place, 'is not sealed', {
      wayOut:
        'Open the store without sealed(), or seal it: migrateStore(store, sealed(anotherStore, { key }))',
    });
  if (record[2] !== magic[2])
    throw damaged(place, `has the layout ${record[2]} of a newer savepoint`, { wayOut: 'Update savepoint' });
  if (record.length < sealedAt + TAG_LENGTH) throw damaged(place, 'is cut short');
  const id = toHex(record.subarray(keyAt, nonceAt));
  const found = keys.all.get(id);
  if (!found) throw new WrongKeyError(place[1], nameOf(place), id, [...keys.all.keys()]);
  const encoding = record[encodingAt]!;
  try {
    const nonce = record.subarray(nonceAt, sealedAt);
    const how = algorithm(nonce, place, encoding);
    const plain = await crypto.subtle.decrypt(how, found.key, record.subarray(sealedAt));
    return decode(encoding, new Uint8Array(plain)) as T;
  } catch (cause) {
    if (SavepointError.isInstance(cause)) throw cause;
    throw damaged(place, 'was altered, cut short, or written for another place', { cause });
  }
}

const algorithm = (iv: Uint8Array<ArrayBuffer>, place: Place, encoding: number): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  // JSON: two places have the same text only where they are the same.
  additionalData: new TextEncoder().encode(JSON.stringify([...place, encoding])),
});

function encode(value: string | Uint8Array): readonly [encoding: number, bytes: Uint8Array<ArrayBuffer>] {
  // Web Crypto takes no bytes that are shared with other threads.
  if (typeof value !== 'string')
    return [BYTES, value.buffer instanceof ArrayBuffer ? (value as Uint8Array<ArrayBuffer>) : value.slice()];
  const isWhole = !/\p{Surrogate}/u.test(value);
  return isWhole
    ? [UTF_8, new TextEncoder().encode(value)]
    : [JSON_TEXT, new TextEncoder().encode(JSON.stringify(value))];
}

function decode(encoding: number, bytes: Uint8Array<ArrayBuffer>): string | Uint8Array {
  if (encoding === BYTES) return bytes;
  const text = utf8.decode(bytes);
  return encoding === JSON_TEXT ? (JSON.parse(text) as string) : text;
}
