/**
 * All that a commit can hold, written for one run inside a transaction.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Outcome, Row, RunCommit } from '../../src/store.ts';
import type { BatchState } from './batch-state.ts';
import { within } from './ranges.ts';
import { checkpointRecord, fenceRecord, questionRecord, runRecord } from './records.ts';
import type { FenceRecord, Writing } from './schema.ts';
import { unawaited } from './unawaited.ts';

/** Checks first and writes then, without a wait: an outcome other than `committed` has written nothing. */
export class RunWrites {
  constructor(
    readonly tx: Writing,
    readonly state: BatchState,
  ) {}

  apply(commit: RunCommit): Outcome {
    const { tx, state } = this;
    const { run, owner, fence, expect, head, checkpoints = [], release = false } = commit;
    const current = state.fences.get(run);
    const isOwner = state.owners.has(owner);
    if (commit.create === true) {
      if (current !== undefined || state.isBuried(run)) return { status: 'exists' };
      if (!isOwner) return { status: 'fenced' };
      if (head === undefined) return refused(run, 'its first commit has no head');
    } else if (current?.owner !== owner || current.fence !== fence || !isOwner) {
      return { status: 'fenced' };
    }
    const { seq: newest, time } = current ?? { seq: 0, time: head!.createdAt };
    if (expect !== undefined && expect !== newest) return { status: 'conflict' };
    for (const id of commit.unless ?? []) {
      const message = state.message(run, id);
      if (message !== undefined) return { status: 'taken', message };
    }
    if (commit.remove !== undefined) {
      this.#remove(run, owner, commit.remove);
      return { status: 'committed' };
    }
    const fault = outOfOrder(newest, checkpoints) ?? this.#askedElsewhere(commit);
    if (fault !== undefined) return refused(run, fault);

    const last = checkpoints.at(-1) ?? { seq: newest, time };
    if (current === undefined || checkpoints.length > 0 || release) {
      this.#setFence(run, fenceRecord(fence, release ? undefined : owner, last.seq, last.time));
    }
    if (current === undefined) {
      if (state.tombstones.delete(run)) unawaited(tx.objectStore('tombstones').delete(run));
      if (!release) unawaited(tx.objectStore('held').put(true, [owner, run]));
    } else if (release) {
      unawaited(tx.objectStore('held').delete([owner, run]));
    }
    if (head !== undefined) unawaited(tx.objectStore('runs').put(runRecord(run, head)));
    this.#writeCheckpoints(commit);
    this.#writeRows(commit);
    this.#writeQuestions(commit);
    return { status: 'committed' };
  }

  #setFence(run: string, fence: FenceRecord): void {
    this.state.fences.set(run, fence);
    unawaited(this.tx.objectStore('fences').put(fence, run));
  }

  #writeCheckpoints({ run, checkpoints = [], dropFrom = 0, dropBefore }: RunCommit): void {
    if (checkpoints.length === 0 && dropBefore === undefined) return;
    const store = this.tx.objectStore('checkpoints');
    for (const row of checkpoints) unawaited(store.put(checkpointRecord(run, row)));
    if (dropBefore !== undefined && dropBefore > dropFrom) {
      unawaited(store.delete(within([run], [dropFrom], [dropBefore])));
    }
  }

  #writeRows({ run, drop = [], put = [], take = [] }: RunCommit): void {
    for (const { kind, key } of drop) unawaited(this.tx.objectStore('rows').delete([run, kind, key]));
    for (const { kind, key, value } of put) {
      unawaited(this.tx.objectStore('rows').put(stored(value), [run, kind, key]));
    }
    for (const id of take) {
      this.state.taken(run, id);
      unawaited(this.tx.objectStore('inbox').delete([run, id]));
    }
  }

  #writeQuestions({ run, close = [], ask = [] }: RunCommit): void {
    const { askers } = this.state;
    for (const id of close) {
      if (askers.get(id) !== run) continue;
      askers.delete(id);
      unawaited(this.tx.objectStore('questions').delete(id));
    }
    for (const question of ask) {
      askers.set(question.id, run);
      unawaited(this.tx.objectStore('questions').put(questionRecord(run, question)));
    }
  }

  #remove(run: string, owner: string, ms: number): void {
    const { tx, state } = this;
    const until = Date.now() + ms;
    state.fences.delete(run);
    state.tombstones.set(run, until);
    for (const id of state.expired) unawaited(tx.objectStore('tombstones').delete(id));
    state.expired = [];
    unawaited(tx.objectStore('tombstones').put({ run, until }));
    unawaited(tx.objectStore('fences').delete(run));
    unawaited(tx.objectStore('held').delete([owner, run]));
    unawaited(tx.objectStore('runs').delete(run));
    for (const part of ['checkpoints', 'rows', 'inbox'] as const) {
      unawaited(tx.objectStore(part).delete(within([run])));
    }
    for (const [id, asker] of state.askers) {
      if (asker !== run) continue;
      state.askers.delete(id);
      unawaited(tx.objectStore('questions').delete(id));
    }
  }

  #askedElsewhere({ run, ask = [] }: RunCommit): string | undefined {
    for (const { id } of ask) {
      const asker = this.state.askers.get(id) ?? run;
      if (asker !== run) return `its question '${id}' is open in run '${asker}'`;
    }
    return undefined;
  }
}

/** What is wrong with the seqs of new checkpoints. */
function outOfOrder(newest: number, rows: readonly CheckpointRow[]): string | undefined {
  let last = newest;
  for (const { seq } of rows) {
    // Written so that it holds for NaN, too.
    if (!(seq > last)) return `checkpoint ${seq} does not follow ${last}`;
    last = seq;
  }
  return undefined;
}

/** A view would be stored with all the bytes that it is a view of. */
function stored(value: Row['value']): Row['value'] {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function refused(run: string, reason: string): Outcome {
  const error = new StoreError(`Run '${run}' was not written: ${reason}.`, 'failed');
  return { status: 'failed', error, retry: false };
}
