/**
 * Rows of a run, of every kind.
 *
 * @module
 */
import type { Row, RowKind, RowScan } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import { bounds, ordered, unordered } from './order.ts';
import { type CheckpointTable, heldRun } from './schema.ts';
import { Steps } from './steps.ts';

/** The rows in `records`, and the steps beside them. */
export class Rows {
  readonly #steps: Steps;
  readonly #put: Statement;
  readonly #write: Statement;
  readonly #drop: Statement;
  readonly #scan: Statement;
  readonly #clear: Statement;

  constructor(connection: Connection) {
    this.#steps = new Steps(connection);
    // As in appends.ts: where the run is not held, the value is NULL, and the row is skipped.
    this.#put = connection.prepare(
      `INSERT OR IGNORE INTO records (rid, kind, key, value) VALUES (?, ?, ?, (SELECT ? FROM ${heldRun}))
       ON CONFLICT DO UPDATE SET value = excluded.value`,
    );
    this.#write = connection.prepare(
      `INSERT INTO records (rid, kind, key, value) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value`,
    );
    this.#drop = connection.prepare('DELETE FROM records WHERE rid = ? AND kind = ? AND key = ?');
    // `? + 0`: see scans.ts.
    this.#scan = connection
      .prepare(
        `SELECT key, value FROM records WHERE rid = ? AND kind = ? AND key >= ? AND key < ?
         ORDER BY key LIMIT ? + 0`,
      )
      .raw();
    this.#clear = connection.prepare('DELETE FROM records WHERE rid = ?');
  }

  /** One row, if the run is held. False: nothing was written. */
  put(rid: number, fence: number, oid: number, row: Row, table: CheckpointTable): boolean {
    if (row.kind === 'step') return this.#steps.put(rid, fence, oid, row, table);
    const { kind, key, value } = row;
    return this.#put.run(rid, kind, ordered(key), value, rid, fence, oid).changes === 1;
  }

  /** One row of a run that is held. */
  write(rid: number, fence: number, row: Row, table: CheckpointTable): void {
    const { kind, key, value } = row;
    if (kind === 'step') this.#steps.write(rid, fence, row, table);
    else this.#write.run(rid, kind, ordered(key), value);
  }

  drop(rid: number, rows: readonly Pick<Row, 'kind' | 'key'>[]): void {
    const steps = new Set<string>();
    for (const { kind, key } of rows) {
      if (kind === 'step') steps.add(key);
      else this.#drop.run(rid, kind, ordered(key));
    }
    if (steps.size > 0) this.#steps.drop(rid, steps);
  }

  scan(rid: number, kind: RowKind, scan: RowScan): Pick<Row, 'key' | 'value'>[] {
    const rows =
      kind === 'step'
        ? this.#steps.scan(rid, scan)
        : (this.#scan.all(rid, kind, ...bounds(scan), scan.limit ?? -1) as RawRow[]).map(
            ([key, value]): Pick<Row, 'key' | 'value'> => ({ key: unordered(key), value }),
          );
    // The driver answers with a Buffer; the contract has plain bytes.
    return rows.map(({ key, value }) => ({
      key,
      value: typeof value === 'string' ? value : new Uint8Array(value),
    }));
  }

  clear(rid: number): void {
    this.#clear.run(rid);
    this.#steps.clear(rid);
  }
}

type RawRow = [key: string, value: Row['value']];
