/** The keys of the rows in an outbox: the seq of the turn, and which of its actions it is. */

/** What begins the key of an inline action that may not have run: it stays, for the history. */
export const REPORTED = '~';

/** Ordered as the actions are. */
export const rowKey = (seq: number, index: number): string =>
  `${String(seq).padStart(10, '0')}.${String(index).padStart(4, '0')}`;

/** The seq in a key. */
export const seqOf = (key: string): number => Number.parseInt(key, 10);

/** The effect id of a custom action. */
export const actionId = (run: string, actor: string, key: string): string => {
  const [seq = '', index = ''] = key.split('.');
  return `${run}${actor === '' ? '' : `/${actor}`}:${Number(seq)}.${Number(index)}`;
};
