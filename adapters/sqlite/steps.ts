/**
 * Rows of kind `step`: a log for each run.
 *
 * @module
 */
import type { Row, RowScan } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import { bounds, ordered, unordered } from './order.ts';
import { type CheckpointTable, heldRun, newestStep, seqLimit, stepTables } from './schema.ts';

/** A log of fewer rows is not looked through for what no longer counts. A longer one is when it may have doubled. */
const tidyFrom = 1024;

/** Of so many runs something is known. With one more, all is forgotten, and asked for again. */
const mostKnown = 10_000;

/** No fence is so small. */
const unknown = -1;

/** What is known of a run's log. */
interface Log {
  /**
   * The fence under which `newest` is known: an owner writes through one handle, and whoever else wrote since has raised
   * the fence.
   */
  fence: number;
  /** The last key that was given out, or the place before the first. What the file would say costs as much as a row. */
  newest: number;
  /** How many more rows it takes before it is looked through, under whatever fence. */
  left: number;
}

/** The steps in `steps` and `grouped_steps`. */
export class Steps {
  readonly #put: Record<CheckpointTable, Statement>;
  readonly #write: Record<CheckpointTable, Statement>;
  readonly #scan: Statement;
  readonly #names: Statement;
  readonly #drops: readonly Statement[];
  readonly #clears: readonly Statement[];
  readonly #last: Statement;
  readonly #length: Statement;
  readonly #newest: Statement;
  /** By `rid`. */
  readonly #logs = new Map<number, Log>();

  constructor(readonly connection: Connection) {
    const sql = (text: string): Statement => connection.prepare(text);
    // As in appends.ts: where the run is not held, the value is NULL, and the row is skipped; as it is where its place is taken.
    const put = (table: CheckpointTable): Statement =>
      sql(
        `INSERT OR IGNORE INTO ${stepTables[table]} (key, name, value) VALUES (?, ?, (SELECT ? FROM ${heldRun}))`,
      );
    const write = (table: CheckpointTable): Statement =>
      sql(`INSERT INTO ${stepTables[table]} (key, name, value) VALUES (?, ?, ?)`);
    const each = (text: (table: string) => string): Statement[] =>
      Object.values(stepTables).map((table) => sql(text(table)));
    this.#put = { checkpoints: put('checkpoints'), grouped: put('grouped') };
    this.#write = { checkpoints: write('checkpoints'), grouped: write('grouped') };
    this.#scan = sql(
      `SELECT name, value, max(key) FROM every_step
       WHERE key BETWEEN ? AND ? AND name >= ? AND name < ? GROUP BY name ORDER BY name LIMIT ? + 0`,
    ).raw();
    this.#names = sql('SELECT key, name FROM every_step WHERE key BETWEEN ? AND ?').raw();
    this.#drops = each((table) => `DELETE FROM ${table} WHERE key = ?`);
    this.#clears = each((table) => `DELETE FROM ${table} WHERE key BETWEEN ? AND ?`);
    this.#last = sql(
      'SELECT name, value, max(key) AS place FROM every_step WHERE key BETWEEN ? AND ? GROUP BY name ORDER BY place',
    ).raw();
    this.#length = sql('SELECT count(*) FROM every_step WHERE key BETWEEN ? AND ?').pluck();
    this.#newest = sql(`SELECT ${newestStep} FROM (SELECT ? AS rid)`).pluck();
    // What was written since is gone; what was cleared away is there again.
    connection.onRollback(() => {
      for (const log of this.#logs.values()) log.fence = unknown;
    });
  }

  /** One row, if the run is held. False: nothing was written. */
  put(rid: number, fence: number, oid: number, { key, value }: Row, table: CheckpointTable): boolean {
    const log = this.#log(rid, fence);
    const { changes } = this.#put[table].run(log.newest + 1, ordered(key), value, rid, fence, oid);
    if (changes === 0) {
      log.fence = unknown;
      return false;
    }
    this.#written(rid, log);
    return true;
  }

  /** One row of a run that is held. */
  write(rid: number, fence: number, { key, value }: Row, table: CheckpointTable): void {
    const log = this.#log(rid, fence);
    this.#write[table].run(log.newest + 1, ordered(key), value);
    this.#written(rid, log);
  }

  #written(rid: number, log: Log): void {
    log.newest++;
    if (--log.left === 0) this.#tidy(rid, log);
  }

  #log(rid: number, fence: number): Log {
    let log = this.#logs.get(rid);
    if (log?.fence === fence) return log;
    if (log === undefined) {
      if (this.#logs.size >= mostKnown) this.#logs.clear();
      this.#logs.set(rid, (log = { fence: unknown, newest: 0, left: tidyFrom }));
    }
    log.newest = this.#newest.get(rid) as number;
    log.fence = fence;
    return log;
  }

  drop(rid: number, keys: ReadonlySet<string>): void {
    const start = rid * seqLimit;
    const rows = this.#names.all(start, start + seqLimit - 1) as [key: number, name: string][];
    for (const [key, name] of rows) {
      if (keys.has(unordered(name))) for (const drop of this.#drops) drop.run(key);
    }
    // Its places are free again: a run that goes round and round never comes to the last one.
    const log = this.#logs.get(rid);
    if (log) log.fence = unknown;
  }

  scan(rid: number, scan: RowScan): Pick<Row, 'key' | 'value'>[] {
    const start = rid * seqLimit;
    const rows = this.#scan.all(start, start + seqLimit - 1, ...bounds(scan), scan.limit ?? -1);
    return (rows as RawStep[]).map(([name, value]) => ({ key: unordered(name), value }));
  }

  clear(rid: number): void {
    const start = rid * seqLimit;
    for (const clear of this.#clears) clear.run(start, start + seqLimit - 1);
    this.#logs.delete(rid);
  }

  /** Writes anew what counts, if it is less than half. So a log is never much longer than what it says. */
  #tidy(rid: number, log: Log): void {
    if (!this.connection.db.inTransaction) {
      try {
        this.connection.write(() => this.#tidy(rid, log));
      } catch {
        // What was to be written is written. This can wait until as much again is.
        log.left = tidyFrom;
        log.fence = unknown;
      }
      return;
    }
    const start = rid * seqLimit;
    const length = this.#length.get(start, start + seqLimit - 1) as number;
    log.left = Math.max(length, tidyFrom);
    if (length < tidyFrom) return;
    const rows = this.#last.all(start, start + seqLimit - 1) as RawStep[];
    if (rows.length * 2 > length) return;
    this.clear(rid);
    for (const [i, [name, value]] of rows.entries()) this.#write.checkpoints.run(start + i + 1, name, value);
    log.newest = start + rows.length;
    log.left = Math.max(rows.length, tidyFrom);
    this.#logs.set(rid, log);
  }
}

type RawStep = [name: string, value: Row['value'], key: number];
