/**
 * Texts and numbers in the order of JavaScript.
 *
 * @module
 */
import type { RowScan } from '../../src/store.ts';
import { type Arg, join } from './bytes.ts';

/**
 * A text that Redis puts where JavaScript puts the original. Redis compares bytes, JavaScript code units:
 * in UTF-8 the characters of two units are behind all others. So each unit is encoded by itself (CESU-8),
 * and only texts with such characters differ from UTF-8. Prefixes stay prefixes.
 */
export function ordered(text: string): Arg {
  if (!/[\ud800-\udfff]/.test(text)) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}

/** The first byte of every surrogate, and of a few others. */
const surrogate = 0xed;

/** The original. */
export function unordered(bytes: Buffer): string {
  if (!bytes.includes(surrogate)) return bytes.toString('utf8');
  const units: number[] = [];
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++]!;
    if (first < 0x80) units.push(first);
    else if (first < 0xe0) units.push(((first & 0x1f) << 6) | (bytes[i++]! & 0x3f));
    else units.push(((first & 0x0f) << 12) | ((bytes[i++]! & 0x3f) << 6) | (bytes[i++]! & 0x3f));
  }
  // In pieces: a call takes only so many arguments.
  let text = '';
  for (let i = 0; i < units.length; i += 8192) text += String.fromCharCode(...units.slice(i, i + 8192));
  return text;
}

const view = new DataView(new ArrayBuffer(8));

/**
 * A number as 16 hexadecimal digits in the order of numbers: the bits of the double, those of negative
 * numbers inverted. Before an id, it makes one member of a sorted set, so that Redis finds any place in a
 * list by time and id, however many have the same time.
 */
export function orderedNumber(value: number): string {
  view.setFloat64(0, value + 0);
  const high = view.getUint32(0);
  const low = view.getUint32(4);
  const negative = high >= 0x8000_0000;
  return hex(negative ? ~high : high ^ 0x8000_0000) + hex(negative ? ~low : low);
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}

/** Behind every text that begins with `prefix`: no byte of `ordered` is as large as this one's first. */
function behind(prefix: Arg): Arg {
  return join(prefix, '\u{10ffff}');
}

/** The range of ordered keys that a scan asks for, each behind `place`. */
export function keyRange(place: string, { prefix = '', after }: RowScan): readonly [min: Arg, max: Arg] {
  const start = join(place, ordered(prefix));
  const min = after !== undefined && after >= prefix ? join('(', place, ordered(after)) : join('[', start);
  return [min, join('(', behind(start))];
}
