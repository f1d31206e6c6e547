/**
 * When a row of a journal was written: the newest turn by then, which a fork from an earlier checkpoint goes by. It stands
 * before the entry, and is left out where that turn is the one that made the effect.
 */

/** The row's value for an entry. */
export const stamped = (seq: number, born: number, entry: string): string =>
  seq === born ? entry : `${seq} ${entry}`;

/** The entry in a row's value, and the seq; `undefined`: that of the turn that made the effect. */
export function readStamped(value: string): { readonly seq: number | undefined; readonly entry: string } {
  const at = value.startsWith('[') ? -1 : value.indexOf(' ');
  return at < 0
    ? { seq: undefined, entry: value }
    : { seq: Number(value.slice(0, at)), entry: value.slice(at + 1) };
}
