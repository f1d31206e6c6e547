/** Values of a document as plain data, so that no step changes an earlier snapshot. */

/** The record without its undefined members. */
export const defined = <TValue>(record: Record<string, TValue>): Record<string, TValue> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

/**
 * A deep copy: objects that a constructor of the document made become plain, undefined members go. The
 * system's objects, which are frozen, stay.
 */
export function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return plainRecord(value);
}

export const plainRecord = (record: object): Record<string, unknown> =>
  defined(Object.fromEntries(Object.entries(record).map(([key, value]) => [key, plain(value)])));
