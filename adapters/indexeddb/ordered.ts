/**
 * Records of an index in order, page by page, and several such lists merged.
 *
 * @module
 */
import { backward, type Source } from './backward.ts';
import { between, type Key } from './ranges.ts';

/** A part of an index. */
export interface Part<T> {
  readonly index: Source<T>;
  /** Included. */
  readonly from: Key;
  readonly isFromOpen?: boolean;
  /** Left out. */
  readonly to: Key;
  readonly keyOf: (record: T) => Key;
}

/** The fewest and the most records that are read at a time. */
const fewest = 16;
const most = 512;

/** How many records are worth reading at a time for a list of so many. */
export function pageFor(limit: number): number {
  return Math.min(Math.max(limit, fewest), most);
}

/** Records in the order of their index; `descending`: the other way round. */
export async function* ordered<T>(
  { index, from, isFromOpen = false, to, keyOf }: Part<T>,
  descending: boolean,
  page: number,
): AsyncGenerator<T, void> {
  let lower = from;
  let isLowerOpen = isFromOpen;
  let upper = to;
  for (;;) {
    const range = between(lower, isLowerOpen, upper);
    if (range === undefined) return;
    const records = await (descending ? backward(index, range, page) : index.getAll(range, page));
    yield* records;
    const last = records.at(-1);
    if (last === undefined || records.length < page) return;
    if (descending) upper = keyOf(last);
    else {
      lower = keyOf(last);
      isLowerOpen = true;
    }
  }
}

/** Lists that are in order each, as one. */
export async function* merged<T>(
  lists: readonly AsyncGenerator<T, void>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T, void> {
  // All at once: their first pages are read beside each other.
  const heads = await Promise.all(lists.map(async (list) => ({ list, next: await list.next() })));
  for (;;) {
    let first: { list: AsyncGenerator<T, void>; next: IteratorResult<T, void> } | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || compare(head.next.value, first.next.value!) < 0) first = head;
    }
    if (first?.next.value === undefined) return;
    yield first.next.value;
    first.next = await first.list.next();
  }
}
