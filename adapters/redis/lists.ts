/**
 * Reads lists of the server, one of several ways and in as many calls as it takes.
 *
 * @module
 */
import { type Arg, join } from './bytes.ts';
import type { Connection } from './connection.ts';
import { ordered, orderedNumber } from './order.ts';
import type { Script } from './script.ts';

/** How many members one call looks at: a few milliseconds in which the server does nothing else. */
const mostMembers = 5000;

/** A list, and the part of it that is asked for. */
export interface List {
  readonly name: Arg;
  readonly min: Arg;
  readonly max: Arg;
}

/** A place in a list that is ordered by a number and then by an id. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

/** Where to look for rows that are ordered alike. */
export interface Query {
  readonly script: Script;
  readonly filters: readonly Arg[];
  /** Any of these groups of lists has all that is asked for; the shortest is taken. */
  readonly groups: readonly (readonly List[])[];
  readonly descending: boolean;
  readonly limit: number;
}

/** What the script answers: which group it took, and of each of its lists how far it came and what it found. */
type WalkReply = readonly [
  group: number,
  ...lists: readonly (readonly [done: Buffer, next: Buffer, offset: Buffer, rows: readonly unknown[]])[],
];

/** All that was found, list after list: at most `limit` of each. */
export async function readLists<Row>(connection: Connection, query: Query): Promise<Row[]> {
  const { script, filters, descending, limit } = query;
  let groups = query.groups.map((lists) => lists.map((list) => ({ ...list, offset: '0' })));
  const found: Row[] = [];
  while (groups.length > 0) {
    const [group, ...lists] = (await connection.run(script, [
      ...filters,
      String(limit),
      descending ? 'descending' : '',
      String(mostMembers),
      ...groups.flatMap((lists) => [
        String(lists.length),
        ...lists.flatMap(({ name, min, max, offset }) => [name, min, max, offset]),
      ]),
    ])) as unknown as WalkReply;
    const left = groups[group - 1]!.flatMap((list, i) => {
      const [done, next, offset, rows] = lists[i]!;
      found.push(...(rows as Row[]));
      if (done.length > 0) return [];
      return [{ ...list, [descending ? 'max' : 'min']: next, offset: offset.toString() }];
    });
    groups = left.length > 0 ? [left] : [];
  }
  return found;
}

/** The part of a list from a number on, before a number, and behind a place (before it, if descending). */
export function rangeOf(
  from: number | undefined,
  before: number | undefined,
  after: Place | undefined,
  descending: boolean,
): Pick<List, 'min' | 'max'> {
  const place = after && join('(', orderedNumber(after.at), ordered(after.id));
  const min = from === undefined ? '-' : `[${orderedNumber(from)}`;
  const max = before === undefined ? '+' : `(${orderedNumber(before)}`;
  if (after === undefined || place === undefined) return { min, max };
  if (descending) return { min, max: before !== undefined && before <= after.at ? max : place };
  return { min: from !== undefined && from > after.at ? min : place, max };
}
