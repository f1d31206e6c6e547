/**
 * Ranges of keys that are arrays.
 *
 * @module
 */
import type { RowKind, RowScan } from '../../src/store.ts';

/** Behind every number and every text: an array is the last of all keys. */
export const last: readonly never[] = [];

/** A place in an index. */
export type Key = readonly (string | number | readonly never[])[];

/** The keys that begin with `prefix`, and go on from `from` (included) up to `to` (left out). */
export function within(prefix: Key, from: Key = [], to: Key = [last]): IDBKeyRange {
  return IDBKeyRange.bound([...prefix, ...from], [...prefix, ...to], false, true);
}

/** No range, where there is nothing between its ends: IndexedDB has no word for that. */
export function between(lower: Key, isLowerOpen: boolean, upper: Key): IDBKeyRange | undefined {
  return compareKeys(lower, upper) < 0 ? IDBKeyRange.bound(lower, upper, isLowerOpen, true) : undefined;
}

/** In the order of IndexedDB: negative where `a` comes first. */
export function compareKeys(a: Key, b: Key): number {
  return indexedDB.cmp(a, b);
}

/** As many records as `limit` says, in a number that IndexedDB takes. */
export function countOf(limit: number | undefined): number {
  return Math.min(limit ?? most, most);
}

const most = 0xffff_ffff;

/** The rows that a scan without `key` asks for. */
export function rowRange(
  run: string,
  kind: RowKind,
  { prefix = '', after }: RowScan,
): IDBKeyRange | undefined {
  const isAfter = after !== undefined && after >= prefix;
  const end = behind(prefix);
  return between([run, kind, isAfter ? after : prefix], isAfter, [run, kind, end ?? last]);
}

/** The first text behind all that begin with `prefix`; `undefined`: there is none. */
function behind(prefix: string): string | undefined {
  for (let length = prefix.length; length > 0; length--) {
    const unit = prefix.charCodeAt(length - 1);
    if (unit < 0xffff) return prefix.slice(0, length - 1) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
