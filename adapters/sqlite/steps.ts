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

/** Of so many runs it is known how far away that is; of others it begins anew. */
const mostKnown = 10_000;

/** The steps in `steps` and `grouped_steps`. */
export class Steps {
  readonly #put: Record<CheckpointTable, Statement>;
  readonly #write: Record<CheckpointTable, Statement>;
  readonly #scan: Statement;
  readonly #names: Statement;
  readonly #drops: readonly Statement[];
  readonly #clears: readonly Statement[];
  readonly #last: Statement;
  readonly #insert: Statement;
  readonly #length: Statement;
  /** How many more rows each run may write before its log is looked through. */
  readonly #left = new Map<number, { rows: number }>();

  constructor(readonly connection: Connection) {
    const sql = (text: string): Statement => connection.prepare(text);
    // As in appends.ts: where the run is not held, the value is NULL, and the row is skipped.
    const put = (table: CheckpointTable, value = `(SELECT ? FROM ${heldRun})`): Statement =>
      sql(`INSERT OR IGNORE INTO ${stepTables[table]} (key, name, value) VALUES (
             (SELECT 1 + ${newestStep} FROM runs WHERE rid = ?), ?, ${value})`);
    const each = (text: (table: string) => string): Statement[] =>
      Object.values(stepTables).map((table) => sql(text(table)));
    this.#put = { checkpoints: put('checkpoints'), grouped: put('grouped') };
    this.#write = { checkpoints: put('checkpoints', '?'), grouped: put('grouped', '?') };
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
    this.#insert = sql('INSERT INTO steps (key, name, value) VALUES (?, ?, ?)');
    this.#length = sql('SELECT count(*) FROM every_step WHERE key BETWEEN ? AND ?').pluck();
  }

  /** One row, if the run is held. False: nothing was written. */
  put(rid: number, fence: number, oid: number, { key, value }: Row, table: CheckpointTable): boolean {
    if (this.#put[table].run(rid, ordered(key), value, rid, fence, oid).changes === 0) return false;
    this.#written(rid);
    return true;
  }

  /** One row of a run that is held. */
  write(rid: number, { key, value }: Row, table: CheckpointTable): void {
    this.#write[table].run(rid, ordered(key), value);
    this.#written(rid);
  }

  #written(rid: number): void {
    const left = this.#left.get(rid) ?? this.#know(rid, tidyFrom);
    if (--left.rows === 0) this.#tidy(rid);
  }

  #know(rid: number, rows: number): { rows: number } {
    if (this.#left.size >= mostKnown) this.#left.clear();
    const left = { rows };
    this.#left.set(rid, left);
    return left;
  }

  drop(rid: number, keys: ReadonlySet<string>): void {
    const start = rid * seqLimit;
    const rows = this.#names.all(start, start + seqLimit - 1) as [key: number, name: string][];
    for (const [key, name] of rows) {
      if (keys.has(unordered(name))) for (const drop of this.#drops) drop.run(key);
    }
  }

  scan(rid: number, scan: RowScan): Pick<Row, 'key' | 'value'>[] {
    const start = rid * seqLimit;
    const rows = this.#scan.all(start, start + seqLimit - 1, ...bounds(scan), scan.limit ?? -1);
    return (rows as RawStep[]).map(([name, value]) => ({ key: unordered(name), value }));
  }

  clear(rid: number): void {
    const start = rid * seqLimit;
    for (const clear of this.#clears) clear.run(start, start + seqLimit - 1);
    this.#left.delete(rid);
  }

  /** Writes anew what counts, if it is less than half. So a log is never much longer than what it says. */
  #tidy(rid: number): void {
    if (!this.connection.db.inTransaction) {
      try {
        this.connection.write(() => this.#tidy(rid));
      } catch {
        // What was to be written is written. This can wait until as much again is.
        this.#left.delete(rid);
      }
      return;
    }
    const start = rid * seqLimit;
    const length = this.#length.get(start, start + seqLimit - 1) as number;
    this.#know(rid, Math.max(length, tidyFrom));
    if (length < tidyFrom) return;
    const rows = this.#last.all(start, start + seqLimit - 1) as RawStep[];
    if (rows.length * 2 > length) return;
    this.clear(rid);
    for (const [i, [name, value]] of rows.entries()) this.#insert.run(start + i + 1, name, value);
    this.#know(rid, Math.max(rows.length, tidyFrom));
  }
}

type RawStep = [name: string, value: Row['value'], key: number];
