/**
 * Lists of runs.
 *
 * @module
 */
import { type RunScan, type RunStatus, runStatuses, type StoredRun } from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { Leases } from './leases.ts';
import { tagsOf } from './tags.ts';
import { ordered, original, stored, unordered } from './text.ts';

/** `runs`. */
export class Scans {
  constructor(
    readonly connection: Connection,
    readonly leases: Leases,
  ) {}

  async runs(scan: RunScan): Promise<StoredRun[]> {
    if (scan.status?.length === 0) return [];
    if (scan.free === true) await this.leases.dropGone();
    const { text, values } = query(this.connection.quoted, scan);
    return ((await this.connection.read(text, values)) as RunRow[]).map(toRun);
  }
}

interface RunRow {
  readonly id: string;
  readonly fence: string | number;
  readonly seq: string | number;
  readonly updated: number;
  readonly machine: string;
  readonly version: string | null;
  readonly status: RunStatus;
  readonly due: number | null;
  readonly created: number;
  readonly tags: string;
  readonly more: string;
}

function toRun(row: RunRow): StoredRun {
  return {
    run: unordered(row.id),
    machine: original(row.machine),
    ...(row.version !== null && { version: original(row.version) }),
    status: row.status,
    ...(row.due !== null && { due: row.due }),
    createdAt: row.created,
    tags: tagsOf(row.tags),
    more: original(row.more),
    seq: Number(row.seq),
    updatedAt: row.updated,
    fence: Number(row.fence),
  };
}

/**
 * Each search yields at most a page of runs in the order of its index, and these pages are merged. So no
 * more rows are read than are asked for, whatever the server thinks of its figures.
 */
function query(schema: string, scan: RunScan): { text: string; values: unknown[] } {
  const order = scan.descending === true ? 'DESC' : 'ASC';
  const values: unknown[] = [scan.limit];
  const searches = searchesOf(schema, scan, values).map(
    ({ from, at, id, where }) =>
      `(SELECT r.*, ${at} AS at FROM ${from} WHERE ${where.text} ORDER BY ${at} ${order}, ${id} ${order} LIMIT $1)`,
  );
  const text = `
    SELECT id, fence, seq, updated, machine, version, status, due, created, array_to_json(tags)::text AS tags, more
    FROM (${searches.join(' UNION ALL ')}) AS page ORDER BY at ${order}, id ${order} LIMIT $1`;
  return { text, values };
}

interface Search {
  readonly from: string;
  /** What the order begins with. */
  readonly at: string;
  /** What comes next. */
  readonly id: string;
  readonly where: Conditions;
}

/** By id, by time, by message, by tag, or by each status in turn. Only runs with messages have to be sorted: they are few. */
function searchesOf(schema: string, scan: RunScan, values: unknown[]): Search[] {
  const { run, tag, status, dueTo, undelivered } = scan;
  const runs = `${schema}.runs r`;
  const inAny = (): Conditions => {
    const where = new Conditions(values);
    return status === undefined
      ? where.add('r.status IS NOT NULL')
      : where.add('r.status = ANY (?::text[])', status);
  };
  const narrow = (from: string, place: string, where: Conditions): Search =>
    narrowed(schema, scan, from, place, where);
  if (run !== undefined) return [narrow(runs, 'r', inAny().add('r.id = ?', ordered(run)))];
  if (dueTo !== undefined) return [narrow(runs, 'r', inAny())];
  if (undelivered === true) {
    return [
      narrow(`(SELECT DISTINCT rid FROM ${schema}.inbox) AS waiting JOIN ${runs} USING (rid)`, 'r', inAny()),
    ];
  }
  if (tag !== undefined) return [narrow(`${schema}.tags t JOIN ${runs} USING (rid)`, 't', inAny())];
  return [...new Set(status ?? runStatuses)].map((one) =>
    narrow(runs, 'r', new Conditions(values).add('r.status = ?', one)),
  );
}

/** `place`: the table that has the columns of the order. */
function narrowed(schema: string, scan: RunScan, from: string, place: string, where: Conditions): Search {
  const { machine, tag, createdFrom, createdTo, dueTo, owner, undelivered, free, after, descending } = scan;
  if (machine !== undefined) where.add('r.machine = ?', stored(machine));
  if (tag !== undefined && place === 't') where.add('t.tag = ?', stored(tag));
  else if (tag !== undefined) where.add('? = ANY (r.tags)', stored(tag));
  if (createdFrom !== undefined) where.add(`${place}.created >= ?`, createdFrom);
  if (createdTo !== undefined) where.add(`${place}.created < ?`, createdTo);
  if (owner !== undefined)
    where.add(`r.owner = (SELECT oid FROM ${schema}.owners WHERE id = ?)`, stored(owner));
  if (undelivered === true) where.add(`EXISTS (SELECT 1 FROM ${schema}.inbox i WHERE i.rid = r.rid)`);
  if (free === true) {
    where.add(`NOT EXISTS (SELECT 1 FROM ${schema}.owners o WHERE o.oid = r.owner AND o.expires > now())`);
  }
  if (dueTo !== undefined) {
    where.add('r.due <= ?', dueTo);
    return { from, at: 'r.due', id: 'r.id', where };
  }
  if (after !== undefined) {
    const compare = descending === true ? '<' : '>';
    where.add(`(${place}.created, ${place}.id) ${compare} (?, ?)`, after.createdAt, ordered(after.run));
  }
  return { from, at: `${place}.created`, id: `${place}.id`, where };
}
