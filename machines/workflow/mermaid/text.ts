/** The words of Mermaid that both kinds of pictures use. */

// Mermaid has other uses for all signs but these, in one place or another. It knows the rest by their numbers.
const special = /[^\p{L}\p{M}\p{N} _.,()[\]*/+=!?'…€$@-]/gu;

/** A label of an arrow, whatever is in it. */
export const label = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll(special, (sign) => `#${sign.codePointAt(0)};`);

/** The name of a state or a node, in quotes. */
export const quoted = (text: string): string => `"${label(text)}"`;
