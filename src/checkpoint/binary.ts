/**
 * Binary values as bytes and back: typed arrays, ArrayBuffer, DataView.
 *
 * Bytes are stored as they lie in memory, which is little-endian on every platform that runs JavaScript today.
 *
 * @module
 */

const names =
  /^(((Int|Uint)(8|16|32)|Uint8Clamped|Float(16|32|64)|Big(Int|Uint)64)Array|ArrayBuffer|DataView)$/;

const views = new WeakMap<object, Uint8Array>();

/** The class that a binary value comes back as; Node's Buffer comes back as a Uint8Array. */
export function binaryName(value: ArrayBuffer | ArrayBufferView): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Its own bytes, not copied: of a view only the part that it shows. The same array each time, so that it is hashed once. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  let bytes = views.get(value);
  if (bytes === undefined) {
    bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
    views.set(value, bytes);
  }
  return bytes;
}

/** A value of the class `name` with a copy of these bytes. Throws where the class is unknown or the length does not fit it. */
export function fromBytes(name: string, bytes: Uint8Array): unknown {
  const { buffer } = new Uint8Array(bytes);
  if (name === 'ArrayBuffer') return buffer;
  const View: unknown = names.test(name) && Reflect.get(globalThis, name);
  if (typeof View !== 'function') throw new Error(`there is no binary class '${name}' here`);
  return Reflect.construct(View, [buffer]);
}

/** Base64, without Node's Buffer. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes of a base64 text. Throws when it is none. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
