/**
 * Binary values as bytes and back: typed arrays, ArrayBuffer, DataView.
 *
 * Bytes are stored as they lie in memory, which is little-endian on every platform that runs JavaScript today.
 *
 * @module
 */

const names = /^[A-Z]\w+\d\w*Array$|^DataView$/;

/** Its own bytes, not copied: of a view only the part that it shows. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** A value of the class `name` with a copy of these bytes. Throws where the class is unknown or the length does not fit it. */
export function fromBytes(name: string, bytes: Uint8Array): unknown {
  const { buffer } = new Uint8Array(bytes);
  if (name === 'ArrayBuffer') return buffer;
  const View: unknown = names.test(name) && Reflect.get(globalThis, name);
  if (typeof View !== 'function') throw new Error(`there is no binary class '${name}' here`);
  return Reflect.construct(View, [buffer]);
}

/** Base64, without Node's Buffer. For a few thousand bytes at most: each is an argument of a call. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The bytes of a base64 text. Throws when it is none. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
