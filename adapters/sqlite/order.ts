/**
 * Texts in the order of JavaScript.
 *
 * @module
 */
import type { RowScan } from '../../src/store.ts';

/** Behind every text that `ordered` gives, whatever it begins with. */
const end = '\u{10ffff}\u{10ffff}';

/** Finds a unit of what changes places, or of what is left behind it. */
const mayMove = /[\ud800-\uffff]/;

/**
 * A text that SQLite puts where JavaScript puts the original. SQLite compares code points, JavaScript
 * code units: it has U+E000 to U+FFFF behind the characters of two units. Here they are, too, with
 * U+10FFFF before them; U+10FFFF itself is marked by a NUL. Prefixes stay prefixes.
 */
export function ordered(text: string): string {
  // Most keys have no such character.
  if (!mayMove.test(text)) return text;
  return text.replaceAll(/[\ue000-\uffff\u{10ffff}]/gu, (char) =>
    char === '\u{10ffff}' ? `${char}\0` : `\u{10ffff}${char}`,
  );
}

/** The original. */
export function unordered(text: string): string {
  return text.replaceAll(/\u{10ffff}(.)/gsu, (_, char: string) => (char === '\0' ? '\u{10ffff}' : char));
}

/** The first ordered key that a scan asks for, and the first one behind them. */
export function bounds({ key, prefix = '', after }: RowScan): readonly [from: string, to: string] {
  if (key !== undefined) {
    const is = key.startsWith(prefix) && (after === undefined || key > after);
    return [ordered(key), is ? `${ordered(key)}\0` : ''];
  }
  const from = after !== undefined && after >= prefix ? `${ordered(after)}\0` : ordered(prefix);
  return [from, ordered(prefix) + end];
}
