/**
 * Checkpoints of one run.
 *
 * @module
 */
import type { CheckpointRow, CheckpointSummary, HistoryScan } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { newestKey, seqLimit } from './schema.ts';

/** `load` and `history`. */
export class Reads {
  readonly #newest: Statement;
  readonly #base: Statement;
  readonly #rows: Statement;
  readonly #forward: Statement;
  readonly #backward: Statement;

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    // `? + 0`: see scans.ts.
    const summaries = (order: string): string =>
      `SELECT key, base, time, header, octet_length(body) FROM every_checkpoint
       WHERE key BETWEEN ? AND ? ORDER BY key ${order} LIMIT ? + 0`;
    this.#newest = sql(`SELECT ${newestKey} FROM runs WHERE rid = ?`).pluck();
    this.#base = sql(
      'SELECT key FROM every_checkpoint WHERE base AND key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1',
    ).pluck();
    // As arrays: a third faster than as objects, over 1,000 rows.
    this.#rows = sql(
      'SELECT key, base, time, header, body FROM every_checkpoint WHERE key BETWEEN ? AND ? ORDER BY key',
    ).raw();
    this.#forward = sql(summaries('ASC')).raw();
    this.#backward = sql(summaries('DESC')).raw();
  }

  load(run: string, at?: number): CheckpointRow[] {
    return this.connection.read(() => {
      const rid = this.keys.run(run);
      if (rid === undefined) return [];
      const start = rid * seqLimit;
      const end = at === undefined ? (this.#newest.get(rid) as number) : start + at;
      const base = (this.#base.get(start, end) as number | null) ?? start;
      const rows = (this.#rows.all(base, end) as RawRow[]).map(
        ([key, bit, time, header, body]): CheckpointRow => ({
          seq: key - start,
          base: bit === 1,
          time,
          header,
          body,
        }),
      );
      return rows.at(-1)?.seq === end - start ? rows : [];
    });
  }

  history(run: string, { from = 0, to = seqLimit - 1, descending, limit }: HistoryScan): CheckpointSummary[] {
    const rid = this.keys.run(run);
    if (rid === undefined) return [];
    const start = rid * seqLimit;
    const statement = descending === true ? this.#backward : this.#forward;
    const rows = statement.all(start + Math.max(from, 0), start + Math.min(to, seqLimit - 1), limit);
    return (rows as RawSummary[]).map(([key, bit, time, header, bytes]) => ({
      seq: key - start,
      base: bit === 1,
      time,
      header,
      bytes,
    }));
  }
}

type RawRow = [key: number, bit: number, time: number, header: string, body: string];
type RawSummary = [key: number, bit: number, time: number, header: string, bytes: number];
