/**
 * What a scan lists, out of all there is, for a store that has no indexes. Sorting everything for each page does
 * for some ten thousand runs; for millions, a store keeps an index for each condition.
 */
import type { HistoryScan, Question, QuestionScan, Row, RowScan, RunScan, StoredQuestion } from 'savepoint';
import type { CheckpointRow, CheckpointSummary, StoredRun } from 'savepoint';

/** A run as it is listed, and what a scan asks beside that. */
export interface ListedRun {
  readonly listed: StoredRun;
  readonly owner: string | undefined;
  readonly isHeld: boolean;
  readonly waits: boolean;
}

type Place = readonly [time: number, id: string];

const order = ([a, x]: Place, [b, y]: Place): number => a - b || (x < y ? -1 : x > y ? 1 : 0);

/** By a time and then by an id, behind the place `after`. */
function page<T>(found: T[], at: (one: T) => Place, limit?: number, after?: Place, sign = 1): T[] {
  const behind = found.filter((one) => after === undefined || sign * order(at(one), after) > 0);
  return behind.sort((a, b) => sign * order(at(a), at(b))).slice(0, limit);
}

const is = <T>(wanted: T | undefined, found: T): boolean => wanted === undefined || wanted === found;

export function listRuns(all: readonly ListedRun[], scan: RunScan): StoredRun[] {
  const { createdFrom = -Infinity, createdTo = Infinity, dueTo, after, tag, status } = scan;
  const found = all.filter(
    ({ listed, owner, isHeld, waits }) =>
      is(scan.run, listed.run) &&
      is(scan.machine, listed.machine) &&
      is(scan.owner, owner) &&
      is(scan.undelivered, waits) &&
      (status === undefined || status.includes(listed.status)) &&
      (tag === undefined || listed.tags.includes(tag)) &&
      (dueTo === undefined || (listed.due ?? Infinity) <= dueTo) &&
      listed.createdAt >= createdFrom &&
      listed.createdAt < createdTo &&
      !(scan.free === true && isHeld),
  );
  return page(
    found.map(({ listed }) => listed),
    ({ run, createdAt, due = 0 }) => [dueTo === undefined ? createdAt : due, run],
    scan.limit,
    after && [after.createdAt, after.run],
    scan.descending === true ? -1 : 1,
  );
}

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
  return page(found, ({ opened, id }: Question) => [opened, id], scan.limit, after && [after.opened, after.id]);
}

/** Rows by their keys; messages stay in the order of their arrival, and `after` is a place in that. */
export function listRows<T extends Pick<Row, 'key' | 'value'>>(all: readonly T[], scan: RowScan, isInbox: boolean): T[] {
  const { key: only, prefix = '', after, limit } = scan;
  const behind = isInbox
    ? all.slice(all.findIndex(({ key }) => key === after) + 1)
    : page([...all], ({ key }) => [0, key]).filter(({ key }) => after === undefined || key > after);
  return behind.filter(({ key }) => is(only, key) && key.startsWith(prefix)).slice(0, limit);
}

export function listHistory(all: readonly CheckpointRow[], { descending, limit }: HistoryScan): CheckpointSummary[] {
  const found = all.map(({ body, ...rest }) => ({ ...rest, bytes: body.length }));
  return (descending === true ? found.reverse() : found).slice(0, limit);
}
