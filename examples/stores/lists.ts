/**
 * What a scan lists, out of all there is, for a store that has no indexes. Sorting everything for each page does
 * for some ten thousand runs; for millions, a store has an index for each condition.
 */
import type {
  CheckpointRow,
  CheckpointSummary,
  HistoryScan,
  Message,
  QuestionScan,
  Row,
  RowScan,
  RunScan,
  StoredQuestion,
  StoredRun,
} from 'savepoint';

/** A run as it is listed, who holds it, and the messages that wait for it, in the order of their arrival. */
export interface Entry {
  readonly listed: StoredRun;
  readonly owner: string | undefined;
  readonly inbox: readonly Message[];
}

type Found = Pick<Row, 'key' | 'value'>;
type Place = readonly [time: number, id: string];

const is = <T>(wanted: T | undefined, found: T): boolean => wanted === undefined || wanted === found;
const order = ([a, x]: Place, [b, y]: Place): number => a - b || (x < y ? -1 : x > y ? 1 : 0);

/** By a time and then by an id, behind the place `after`. */
function page<T>(found: readonly T[], at: (one: T) => Place, limit?: number, after?: Place, sign = 1): T[] {
  const behind = found.filter((one) => after === undefined || sign * order(at(one), after) > 0);
  return behind.sort((a, b) => sign * order(at(a), at(b))).slice(0, limit);
}

/** For `runs`. */
export function listRuns(
  all: readonly Entry[],
  scan: RunScan,
  isHeld: (entry: Entry) => boolean,
): StoredRun[] {
  const { createdFrom = -Infinity, createdTo = Infinity, dueTo, after, tag, status } = scan;
  const found = all.filter(
    (entry) =>
      is(scan.owner, entry.owner) &&
      !(scan.undelivered === true && entry.inbox.length === 0) &&
      !(scan.free === true && isHeld(entry)),
  );
  const matching = found
    .map(({ listed }) => listed)
    .filter(
      (one) =>
        is(scan.run, one.run) &&
        is(scan.machine, one.machine) &&
        (status === undefined || status.includes(one.status)) &&
        (tag === undefined || one.tags.includes(tag)) &&
        (dueTo === undefined || (one.due ?? Infinity) <= dueTo) &&
        one.createdAt >= createdFrom &&
        one.createdAt < createdTo,
    );
  const time = dueTo === undefined ? 'createdAt' : 'due';
  const last: Place | undefined = after && [after.createdAt, after.run];
  return page(
    matching,
    (one) => [one[time] ?? 0, one.run],
    scan.limit,
    last,
    scan.descending === true ? -1 : 1,
  );
}

/** For `questions`. */
export function listQuestions(all: readonly StoredQuestion[], scan: QuestionScan): StoredQuestion[] {
  const { tag, openedTo = Infinity, after } = scan;
  const found = all.filter(
    (one) =>
      is(scan.id, one.id) &&
      is(scan.run, one.run) &&
      is(scan.machine, one.machine) &&
      is(scan.assignee, one.assignee) &&
      (tag === undefined || one.tags.includes(tag)) &&
      one.opened < openedTo,
  );
  return page(found, ({ opened, id }) => [opened, id], scan.limit, after && [after.opened, after.id]);
}

/** For `rows`, of all kinds but `inbox`: by their keys, and with plain bytes. */
export function listRows(all: readonly Found[], { key: only, prefix = '', after, limit }: RowScan): Found[] {
  const found = all.filter(({ key }) => is(only, key) && key.startsWith(prefix));
  return page(found, ({ key }) => [0, key], limit, after === undefined ? after : [0, after]).map(
    ({ key, value }) => ({ key, value: typeof value === 'string' ? value : Uint8Array.from(value) }),
  );
}

/** For `rows` of kind `inbox`: `after` is the place of a message, and the beginning where it is gone. */
export function listMessages(all: readonly Message[], scan: RowScan): Found[] {
  const { key: only, prefix = '', after, limit } = scan;
  return all
    .slice(all.findIndex(({ id }) => id === after) + 1)
    .filter(({ id }) => is(only, id) && id.startsWith(prefix))
    .slice(0, limit)
    .map(({ id, value }) => ({ key: id, value }));
}

/** For `history`. */
export function listHistory(all: readonly CheckpointRow[], scan: HistoryScan): CheckpointSummary[] {
  const found = all.map(({ body, ...rest }) => ({ ...rest, bytes: body.length }));
  return (scan.descending === true ? found.reverse() : found).slice(0, scan.limit);
}
