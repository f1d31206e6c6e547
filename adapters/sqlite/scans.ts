/**
 * Lists of runs.
 *
 * @module
 */
import { type RunScan, type RunStatus, runStatuses, type StoredRun } from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { Bindable, Statement } from './driver.ts';
import type { Leases } from './leases.ts';
import { newestKey, now, seqLimit } from './schema.ts';

/** `runs`. */
export class Scans {
  /** By text: there are only so many combinations of conditions. */
  readonly #statements = new Map<string, Statement>();

  constructor(
    readonly connection: Connection,
    readonly leases: Leases,
  ) {}

  runs(scan: RunScan): StoredRun[] {
    if (scan.status?.length === 0) return [];
    if (scan.free === true) this.leases.dropGone();
    const { sql, values } = query(scan);
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.connection.prepare(sql)));
    return (statement.all(...values) as RunRow[]).map(toRun);
  }
}

interface RunRow {
  readonly rid: number;
  readonly id: string;
  readonly fence: number;
  readonly machine: string;
  readonly version: string | null;
  readonly status: RunStatus;
  readonly due: number | null;
  readonly created: number;
  readonly tags: string;
  readonly more: string;
  readonly newest: number;
  readonly updated: number | null;
}

function toRun(row: RunRow): StoredRun {
  return {
    run: row.id,
    machine: row.machine,
    ...(row.version !== null && { version: row.version }),
    status: row.status,
    ...(row.due !== null && { due: row.due }),
    createdAt: row.created,
    tags: JSON.parse(row.tags) as string[],
    more: row.more,
    seq: row.newest - row.rid * seqLimit,
    updatedAt: row.updated ?? row.created,
    fence: row.fence,
  };
}

/**
 * Finds the keys of the runs in order, and then reads no more rows than are asked for. The way there is
 * prescribed, as SQLite has no figures to choose by: it would sort all runs for a page of ten.
 */
function query(scan: RunScan): { sql: string; values: Bindable[] } {
  const order = scan.descending === true ? 'DESC' : 'ASC';
  const searches = searchesOf(scan);
  const found = searches.map(
    ({ from, place, at, where }) =>
      `SELECT runs.rid, ${at} AS at, ${place}.id AS id FROM ${from} WHERE ${where.text}`,
  );
  // MATERIALIZED, or SQLite works out `newest` at each mention. `? + 0`, as for a bare parameter in LIMIT
  // it plans the whole statement again at each call: 100 µs in place of 10.
  const sql = `
    WITH page AS MATERIALIZED (
      SELECT runs.*, at, ${newestKey} AS newest
      FROM (${found.join(' UNION ALL ')} ORDER BY at ${order}, id ${order} LIMIT ? + 0) AS found
      CROSS JOIN runs USING (rid)
    )
    SELECT *, (SELECT time FROM every_checkpoint WHERE key = newest) AS updated
    FROM page ORDER BY at ${order}, id ${order}`;
  return { sql, values: [...searches.flatMap(({ where }) => where.values), scan.limit] };
}

interface Search {
  readonly from: string;
  /** The table in `from` that has the columns of the order. */
  readonly place: 'runs' | 'tags';
  /** What the order begins with. */
  readonly at: string;
  readonly where: Conditions;
}

/**
 * By id, by time, by message, by tag, or by each status in turn: each of these yields runs in order, and
 * SQLite merges them. Only the runs with messages have to be sorted; they are few.
 */
function searchesOf(scan: RunScan): Search[] {
  const { run, tag, status, dueTo, undelivered } = scan;
  if (run !== undefined) {
    const where = new Conditions().add('runs.id = ?', run);
    return [narrowed({ from: 'runs', place: 'runs', where }, scan, status)];
  }
  if (dueTo !== undefined) {
    return [
      narrowed({ from: 'runs INDEXED BY runs_due', place: 'runs', where: new Conditions() }, scan, status),
    ];
  }
  if (undelivered === true) {
    const from = '(SELECT DISTINCT rid FROM inbox) CROSS JOIN runs USING (rid)';
    return [narrowed({ from, place: 'runs', where: new Conditions() }, scan, status)];
  }
  if (tag !== undefined) {
    const from = 'tags CROSS JOIN runs USING (rid)';
    return [narrowed({ from, place: 'tags', where: new Conditions() }, scan, status)];
  }
  return [...new Set(status ?? runStatuses)].map((one) => {
    const where = new Conditions().add('status = ?', one);
    return narrowed({ from: 'runs INDEXED BY runs_listed', place: 'runs', where }, scan);
  });
}

function narrowed(
  { from, place, where }: Omit<Search, 'at'>,
  scan: RunScan,
  statuses?: readonly RunStatus[],
): Search {
  const { machine, tag, createdFrom, createdTo, dueTo, owner, undelivered, free, after, descending } = scan;
  if (statuses !== undefined) where.add(`status IN (${statuses.map(() => '?').join()})`, ...statuses);
  if (machine !== undefined) where.add('machine = ?', machine);
  if (tag !== undefined && place === 'tags') where.add('tags.tag = ?', tag);
  else if (tag !== undefined) where.add('(?, created, runs.id) IN (SELECT tag, created, id FROM tags)', tag);
  if (createdFrom !== undefined) where.add(`${place}.created >= ?`, createdFrom);
  if (createdTo !== undefined) where.add(`${place}.created < ?`, createdTo);
  if (owner !== undefined) where.add('owner = (SELECT oid FROM owners WHERE id = ?)', owner);
  if (undelivered === true) where.add('EXISTS (SELECT 1 FROM inbox WHERE inbox.rid = runs.rid)');
  if (free === true)
    where.add(`NOT EXISTS (SELECT 1 FROM owners WHERE oid = runs.owner AND expires > ${now})`);
  if (dueTo !== undefined) {
    where.add('due <= ?', dueTo);
    return { from, place, at: 'due', where };
  }
  if (after !== undefined) {
    const compare = descending === true ? '<' : '>';
    where.add(`(${place}.created, ${place}.id) ${compare} (?, ?)`, after.createdAt, after.run);
  }
  return { from, place, at: `${place}.created`, where };
}
