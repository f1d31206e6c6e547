/**
 * Lists of runs.
 *
 * @module
 */
import type { RunScan, RunStatus, StoredRun } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Bindable, Statement } from './driver.ts';
import { newestKey, seqLimit } from './schema.ts';

/** `runs`. */
export class Scans {
  /** By text: there are only so many combinations of conditions. */
  readonly #statements = new Map<string, Statement>();

  constructor(readonly connection: Connection) {}

  runs(scan: RunScan): StoredRun[] {
    if (scan.status?.length === 0) return [];
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
 * Finds the keys of the runs in order first, then reads no more rows than are asked for. Which index is
 * used is said here, as SQLite has no figures to choose by. Several statuses are one ordered search each,
 * merged: only so does a page cost what it lists.
 */
function query(scan: RunScan): { sql: string; values: Bindable[] } {
  const order = scan.descending === true ? 'DESC' : 'ASC';
  const values: Bindable[] = [];
  const statuses = scan.status === undefined ? [undefined] : [...new Set(scan.status)];
  const branches = statuses.map((status) => {
    const { from, where, values: own } = branch(scan, status);
    values.push(...own);
    return `SELECT runs.rid AS rid, runs.created AS created, runs.id AS id FROM ${from} WHERE ${where}`;
  });
  values.push(scan.limit);
  const found = `${branches.join(' UNION ALL ')} ORDER BY created ${order}, id ${order} LIMIT ?`;
  return {
    sql: `SELECT *, (SELECT time FROM every_checkpoint WHERE key = newest) AS updated
          FROM (SELECT runs.*, ${newestKey.replaceAll('rid', 'runs.rid')} AS newest
                FROM (${found}) AS found CROSS JOIN runs ON runs.rid = found.rid)
          ORDER BY created ${order}, id ${order}`,
    values,
  };
}

function branch(
  { run, machine, tag, createdFrom, createdTo, after, descending }: RunScan,
  status: RunStatus | undefined,
): { from: string; where: string; values: Bindable[] } {
  const conditions: string[] = [];
  const values: Bindable[] = [];
  const add = (condition: string, ...bound: Bindable[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  let from = 'runs INDEXED BY runs_by_time';
  let place = 'runs';
  if (run !== undefined) from = 'runs';
  else if (tag !== undefined) [from, place] = ['tags CROSS JOIN runs ON runs.rid = tags.rid', 'tags'];
  else if (status !== undefined) from = 'runs INDEXED BY runs_by_status';
  else if (machine !== undefined) from = 'runs INDEXED BY runs_by_machine';

  if (run !== undefined) add('runs.id = ?', run);
  if (tag !== undefined) {
    if (run === undefined) add('tags.tag = ?', tag);
    else
      add(
        'EXISTS (SELECT 1 FROM tags WHERE tag = ? AND tags.created = runs.created AND tags.id = runs.id)',
        tag,
      );
  }
  if (status !== undefined) add('runs.status = ?', status);
  if (machine !== undefined) add('runs.machine = ?', machine);
  if (createdFrom !== undefined) add(`${place}.created >= ?`, createdFrom);
  if (createdTo !== undefined) add(`${place}.created < ?`, createdTo);
  if (after !== undefined) {
    add(
      `(${place}.created, ${place}.id) ${descending === true ? '<' : '>'} (?, ?)`,
      after.createdAt,
      after.run,
    );
  }
  return { from, where: conditions.join(' AND ') || 'TRUE', values };
}
