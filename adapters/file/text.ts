/**
 * Texts and bytes as parts of a line of JSON.
 *
 * @module
 */

/** What a text is in a line: itself, or the object or list that it stands for. */
export type TextJson = string | object;

/** A longer one is not looked into. */
const longest = 1024 * 1024;

/**
 * Most texts of the core are JSON. They are put into the line as what they are, so that a person can read them and
 * no quote is escaped, if the very same text comes back. Otherwise they stay texts.
 */
export function toJson(text: string): TextJson {
  if (!/^[[{]/.test(text) || text.length > longest) return text;
  try {
    const value = JSON.parse(text) as object;
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** The text that was given to `toJson`. */
export function toText(json: TextJson): string {
  return typeof json === 'string' ? json : JSON.stringify(json);
}
