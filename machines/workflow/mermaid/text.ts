/** The words of Mermaid that both kinds of pictures use. */

/** A text in quotes, whatever is in it. */
export const quoted = (text: string): string =>
  `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('\n', ' ')}"`;

/** A label of an arrow or a state. */
export const label = (text: string): string =>
  text.replaceAll('#', '#35;').replaceAll(';', '#59;').replaceAll(':', '#58;').replaceAll('\n', ' ');
