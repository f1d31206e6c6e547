/**
 * Records from the last to the first.
 *
 * @module
 */

/** An object store or an index, in a transaction. */
export interface Source<T> {
  getAll(range: IDBKeyRange, count?: number): Promise<T[]>;
  openCursor(range: IDBKeyRange, direction: 'prev'): Promise<Cursor<T> | null>;
}

interface Cursor<T> {
  readonly value: T;
  continue(): Promise<Cursor<T> | null>;
}

/** At most `count` records of a range. */
export async function backward<T>(source: Source<T>, range: IDBKeyRange, count: number): Promise<T[]> {
  // In one request. It came to `getAll` together with `getAllRecords`, and where it is not known the options
  // would be taken for a key.
  if ('getAllRecords' in IDBIndex.prototype) {
    return source.getAll({ query: range, count, direction: 'prev' } as unknown as IDBKeyRange);
  }
  const records: T[] = [];
  let cursor = await source.openCursor(range, 'prev');
  while (cursor !== null) {
    records.push(cursor.value);
    if (records.length >= count) break;
    cursor = await cursor.continue();
  }
  return records;
}
