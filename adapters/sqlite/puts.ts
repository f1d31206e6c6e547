/**
 * The fast path of a commit that holds rows and nothing else, such as what a step gave.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { Rows } from './rows.ts';
import type { CheckpointTable } from './schema.ts';

/** Writes each row in one statement, which also checks fence and owner. */
export class Puts {
  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
    readonly rows: Rows,
  ) {}

  /** False: nothing was written. The commit is of another kind, or the long way round tells why. */
  put(commit: RunCommit, table: CheckpointTable): boolean {
    const { run, owner, fence, put = [] } = commit;
    if (put.length === 0 || !isPutOnly(commit)) return false;
    // Several rows are one commit only inside a transaction.
    if (put.length > 1 && !this.connection.db.inTransaction) return false;
    const rid = this.keys.held(run);
    const oid = this.keys.owner(owner);
    if (rid === undefined || oid === undefined) return false;
    // Where the first one is written, the run is held, and no other one is refused.
    for (const row of put) if (!this.rows.put(rid, fence, oid, row, table)) return false;
    return true;
  }
}

function isPutOnly(commit: RunCommit): boolean {
  const { create, expect, checkpoints, dropBefore, head, drop, ask, close, take, unless, release } = commit;
  return (
    expect === undefined &&
    head === undefined &&
    dropBefore === undefined &&
    create !== true &&
    release !== true &&
    isEmpty(checkpoints) &&
    isEmpty(drop) &&
    isEmpty(ask) &&
    isEmpty(close) &&
    isEmpty(take) &&
    isEmpty(unless)
  );
}

/** Whether a commit has nothing of a kind. */
export function isEmpty(list: readonly unknown[] | undefined): boolean {
  return list === undefined || list.length === 0;
}
