/**
 * The fast path of a commit: one checkpoint and nothing else.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { newestKey, seqLimit } from './schema.ts';

/** Writes a checkpoint in one statement, which also checks fence, owner and the newest seq. */
export class Appends {
  readonly #statements: Record<'checkpoints' | 'grouped', Statement>;

  constructor(
    connection: Connection,
    readonly keys: Keys,
  ) {
    const statement = (table: string): Statement =>
      connection.prepare(
        `INSERT INTO ${table} (key, base, time, header, body) SELECT ?, ?, ?, ?, ? FROM runs
         WHERE rid = ? AND fence = ? AND owner = ?
           AND EXISTS (SELECT 1 FROM owners WHERE oid = owner)
           AND ? = ${newestKey}`,
      );
    this.#statements = { checkpoints: statement('checkpoints'), grouped: statement('grouped') };
  }

  /** False: nothing was written. The commit is of another kind, or the long way round tells why. */
  append(commit: RunCommit, table: 'checkpoints' | 'grouped'): boolean {
    const { checkpoints, expect, create, head, release, dropBefore, put, drop } = commit;
    const row = checkpoints?.[0];
    if (row === undefined || checkpoints?.length !== 1 || expect === undefined) return false;
    if (create === true || release === true || head !== undefined || dropBefore !== undefined) return false;
    if ((put !== undefined && put.length > 0) || (drop !== undefined && drop.length > 0)) return false;
    if (row.seq <= expect || row.seq >= seqLimit) return false;
    const rid = this.keys.held(commit.run);
    const oid = this.keys.owner(commit.owner);
    if (rid === undefined || oid === undefined) return false;
    const start = rid * seqLimit;
    const { seq, base, time, header, body } = row;
    const written = this.#statements[table].run(
      start + seq,
      base ? 1 : 0,
      time,
      header,
      body,
      rid,
      commit.fence,
      oid,
      start + expect,
    );
    return written.changes === 1;
  }
}
