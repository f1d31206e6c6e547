/**
 * Texts as PostgreSQL can keep them, and in the order of JavaScript.
 *
 * @module
 */

/** What begins an escape: the four hexadecimal digits behind it are a code unit. */
const escape = '\u0001';

/** What PostgreSQL's `text` has no room for, and the escape itself. */
const unstorable = new RegExp(`[\0${escape}\\p{Surrogate}]`, 'gu');
const escaped = new RegExp(`${escape}([0-9a-f]{4})`, 'g');

/** Behind every text that `ordered` gives, whatever it begins with. */
const end = '\u{10ffff}\u{10ffff}';

/** A text without NUL and without halves of characters: almost always the one that is given. */
export function stored(text: string): string {
  if (text.search(unstorable) === -1) return text;
  return text.replaceAll(unstorable, (unit) => escape + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The original. */
export function original(text: string): string {
  if (!text.includes(escape)) return text;
  return text.replaceAll(escaped, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}

/**
 * A text that `COLLATE "C"` puts where JavaScript puts the original. PostgreSQL compares code points,
 * JavaScript code units: it has U+E000 to U+FFFF behind the characters of two units. Here they are, too,
 * with U+10FFFF before them; U+10FFFF itself is marked by a U+0001. Prefixes stay prefixes.
 */
export function ordered(text: string): string {
  return stored(text).replaceAll(/[\ue000-\uffff\u{10ffff}]/gu, (char) =>
    char === '\u{10ffff}' ? char + escape : `\u{10ffff}${char}`,
  );
}

/** The original. */
export function unordered(text: string): string {
  return original(
    text.replaceAll(/\u{10ffff}(.)/gsu, (_, char: string) => (char === escape ? '\u{10ffff}' : char)),
  );
}

/** What comes first behind all ordered texts that begin with an ordered one. */
export function behind(prefix: string): string {
  return prefix + end;
}

/** Texts as one value of type `text[]`. */
export function arrayOf(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${stored(text).replaceAll(/[\\"]/g, String.raw`\$&`)}"`).join()}}`;
}
