/**
 * What goes over the wire: texts, and bytes where there must be.
 *
 * @module
 */

/** One argument of a command. A string is sent as UTF-8; both drivers are fastest with strings. */
export type Arg = string | Buffer;

/** What the server answers. Texts come as bytes, as not all of them are UTF-8. */
export type Reply = Buffer | number | null | readonly Reply[];

/** One argument made of several: a string as long as all of them are. */
export function join(...parts: readonly Arg[]): Arg {
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** In bytes. */
export function sizeOf(arg: Arg): number {
  return typeof arg === 'string' ? Buffer.byteLength(arg) : arg.length;
}

/**
 * Several arguments as one, each behind its size in bytes: `3:abc5:hello`. Lua reads it, and needs no
 * JSON, which loses digits and cannot hold every text.
 */
export function pack(items: readonly Arg[]): Arg {
  return join(...items.flatMap((item) => [`${sizeOf(item)}:`, item]));
}

/** The items of what `pack` gave. `undefined`: it was cut short, or is something else. */
export function unpack(packed: Buffer): Buffer[] | undefined {
  const items: Buffer[] = [];
  for (let at = 0; at < packed.length;) {
    const colon = packed.indexOf(':', at);
    const size = packed.toString('latin1', at, colon);
    const end = colon + 1 + Number(size);
    if (colon < 0 || !/^\d+$/.test(size) || end > packed.length) return undefined;
    items.push(packed.subarray(colon + 1, end));
    at = end;
  }
  return items;
}
