/**
 * The fast path of a commit: one checkpoint and nothing else.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { isEmpty } from './puts.ts';
import { type CheckpointTable, heldRun, newestKey, seqLimit } from './schema.ts';

/**
 * Writes a checkpoint in one statement, which also checks fence, owner and the newest seq: where they do
 * not hold, `base` is NULL, and OR IGNORE skips the row. An INSERT ... SELECT would say the same, but
 * copies its row through a temporary table as it reads the table that it writes: twice the time.
 */
export class Appends {
  readonly #statements: Record<CheckpointTable, Statement>;

  constructor(
    connection: Connection,
    readonly keys: Keys,
  ) {
    const statement = (table: CheckpointTable): Statement =>
      connection.prepare(
        `INSERT OR IGNORE INTO ${table} (key, base, time, header, body) VALUES (
           ?,
           (SELECT ? FROM ${heldRun} AND ? = ${newestKey}),
           ?, ?, ?)`,
      );
    this.#statements = { checkpoints: statement('checkpoints'), grouped: statement('grouped') };
  }

  /** False: nothing was written. The commit is of another kind, or the long way round tells why. */
  append(commit: RunCommit, table: CheckpointTable): boolean {
    const { checkpoints, expect, create, head, release, dropBefore, put, drop, ask, close, take, unless } =
      commit;
    const row = checkpoints?.[0];
    if (row === undefined || checkpoints?.length !== 1 || expect === undefined) return false;
    if (create === true || release === true || head !== undefined || dropBefore !== undefined) return false;
    if (!isEmpty(put) || !isEmpty(drop)) return false;
    if (!isEmpty(ask) || !isEmpty(close) || !isEmpty(take) || !isEmpty(unless)) return false;
    if (row.seq <= expect || row.seq >= seqLimit) return false;
    const rid = this.keys.held(commit.run);
    const oid = this.keys.owner(commit.owner);
    if (rid === undefined || oid === undefined) return false;
    const start = rid * seqLimit;
    const { seq, base, time, header, body } = row;
    const bit = base ? 1 : 0;
    const at = start + expect;
    const statement = this.#statements[table];
    return statement.run(start + seq, bit, rid, commit.fence, oid, at, time, header, body).changes === 1;
  }
}
