/**
 * All that a commit can hold, written for one run inside a transaction.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Head, Outcome, RunCommit } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Bindable, Statement } from './driver.ts';
import { failed } from './failure.ts';
import type { Inbox } from './inbox.ts';
import type { Keys } from './keys.ts';
import type { Questions } from './questions.ts';
import type { Rows } from './rows.ts';
import { Removal } from './removal.ts';
import { type CheckpointTable, newestKey, now, ridLimit, seqLimit } from './schema.ts';

/** A run as a commit finds it. */
interface CurrentRun {
  readonly rid: number;
  readonly fence: number;
  readonly oid: number | null;
  readonly machine: string;
  readonly status: string;
  readonly due: number | null;
  readonly created: number;
  readonly tags: string;
  readonly newest: number;
}

// Rows are read as arrays: in an object, the driver names each column anew.
type FoundRun = readonly [
  rid: number,
  fence: number,
  oid: number | null,
  machine: string,
  status: string,
  due: number | null,
  created: number,
  tags: string,
  newest: number,
];

/** What there is where a run is to be. */
type Ground = readonly [isTaken: 0 | 1, isBuried: 0 | 1 | null, oid: number | null];

/** What an UPDATE of a run may set. It pays for each index whose columns it names, whether they change or not. */
const setters = ['owner = NULL', 'version = ?, more = ?', 'status = ?', 'due = ?', 'machine = ?', 'tags = ?'];

/** Checks first and writes then: an outcome other than `committed` has written nothing. */
export class RunWrites {
  readonly #find: Statement;
  readonly #ground: Statement;
  readonly #unbury: Statement;
  readonly #create: Statement;
  readonly #checkpoint: Record<CheckpointTable, Statement>;
  readonly #dropCheckpoints: readonly Statement[];
  readonly #tag: Statement;
  readonly #untag: Statement;
  readonly #removal: Removal;
  /** By which of the setters they have, a bit for each. */
  readonly #updates: (Statement | undefined)[] = [];

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
    readonly rows: Rows,
    readonly inbox: Inbox,
    readonly questions: Questions,
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#find = sql(
      `SELECT rid, fence, oid, machine, status, due, created, tags, ${newestKey}
       FROM runs LEFT JOIN owners ON oid = runs.owner WHERE runs.id = ?`,
    ).raw();
    this.#ground = sql(
      `SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?),
              (SELECT until > ${now} FROM tombstones WHERE id = ?),
              (SELECT oid FROM owners WHERE id = ?)`,
    ).raw();
    this.#unbury = sql('DELETE FROM tombstones WHERE id = ?');
    this.#create = sql(
      `INSERT INTO runs (id, fence, owner, machine, version, status, due, created, tags, more)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const checkpoint = (table: CheckpointTable): Statement =>
      sql(`INSERT INTO ${table} (key, base, time, header, body) VALUES (?, ?, ?, ?, ?)`);
    this.#checkpoint = { checkpoints: checkpoint('checkpoints'), grouped: checkpoint('grouped') };
    this.#dropCheckpoints = ['checkpoints', 'grouped'].map((table) =>
      sql(`DELETE FROM ${table} WHERE key BETWEEN ? AND ?`),
    );
    this.#tag = sql('INSERT OR IGNORE INTO tags (tag, created, id, rid) VALUES (?, ?, ?, ?)');
    this.#untag = sql('DELETE FROM tags WHERE tag = ? AND created = ? AND id = ?');
    this.#removal = new Removal(connection, keys, [rows, inbox, questions]);
  }

  apply(commit: RunCommit, table: CheckpointTable): Outcome {
    return commit.create === true ? this.#begin(commit, table) : this.#goOn(commit, table);
  }

  /** The first commit of a run. */
  #begin(commit: RunCommit, table: CheckpointTable): Outcome {
    const { run, owner, head, expect = 0 } = commit;
    const [isTaken, isBuried, oid] = this.#ground.get(run, run, owner) as Ground;
    if (isTaken === 1 || isBuried === 1) return { status: 'exists' };
    if (oid === null) return { status: 'fenced' };
    if (head === undefined) return this.#refused(run, 'its first commit has no head');
    if (expect !== 0) return { status: 'conflict' };
    const disorder = this.#disorder(commit, 0);
    if (disorder !== undefined) return this.#refused(run, disorder);

    if (isBuried === 0) this.#unbury.run(run);
    const rid = this.#insertRun(commit, head, oid);
    this.#write(commit, rid, table);
    return { status: 'committed' };
  }

  #goOn(commit: RunCommit, table: CheckpointTable): Outcome {
    const { run, owner, fence, unless = [], expect, remove } = commit;
    const current = this.#current(run);
    if (current === undefined || !this.#isHeld(current, owner, fence)) {
      this.keys.forgetRun(run);
      return { status: 'fenced' };
    }
    const { rid } = current;
    const newest = current.newest - rid * seqLimit;
    if (expect !== undefined && expect !== newest) return { status: 'conflict' };
    for (const id of unless) {
      const value = this.inbox.find(rid, id);
      if (value !== undefined) return { status: 'taken', message: { id, value } };
    }
    if (remove !== undefined) {
      this.#removal.remove(run, current, remove);
      return { status: 'committed' };
    }
    const disorder = this.#disorder(commit, newest);
    if (disorder !== undefined) return this.#refused(run, disorder);

    this.#update(commit, current);
    this.#write(commit, rid, table);
    return { status: 'committed' };
  }

  #current(run: string): CurrentRun | undefined {
    const found = this.#find.get(run) as FoundRun | undefined;
    if (found === undefined) return undefined;
    const [rid, fence, oid, machine, status, due, created, tags, newest] = found;
    return { rid, fence, oid, machine, status, due, created, tags, newest };
  }

  #isHeld({ fence, oid }: CurrentRun, owner: string, expected: number): boolean {
    if (fence !== expected || oid === null) return false;
    // Another handle may have given up the owner, or registered it anew.
    return oid === this.keys.owner(owner) || oid === this.keys.readOwner(owner);
  }

  #disorder(commit: RunCommit, newest: number): string | undefined {
    return outOfOrder(newest, commit.checkpoints) ?? this.#askedElsewhere(commit);
  }

  #write(commit: RunCommit, rid: number, table: CheckpointTable): void {
    this.#writeCheckpoints(commit, rid, table);
    this.#writeRows(commit, rid, table);
    if (commit.release === true) this.keys.forgetRun(commit.run);
    else this.keys.rememberRun(commit.run, rid);
  }

  #writeCheckpoints(commit: RunCommit, rid: number, table: CheckpointTable): void {
    const { checkpoints = [], dropBefore, dropFrom = 0 } = commit;
    const start = rid * seqLimit;
    for (const { seq, base, time, header, body } of checkpoints) {
      this.#checkpoint[table].run(start + seq, base ? 1 : 0, time, header, body);
    }
    if (dropBefore !== undefined) {
      for (const statement of this.#dropCheckpoints) statement.run(start + dropFrom, start + dropBefore - 1);
    }
  }

  #writeRows(commit: RunCommit, rid: number, table: CheckpointTable): void {
    const { fence, drop = [], put = [], take = [], close = [], ask = [] } = commit;
    this.rows.drop(rid, drop);
    for (const row of put) this.rows.write(rid, fence, row, table);
    for (const id of take) this.inbox.take(rid, id);
    for (const id of close) this.questions.close(rid, id);
    for (const question of ask) this.questions.ask(rid, question);
  }

  #insertRun({ run, fence, release }: RunCommit, head: Head, oid: number): number {
    const { machine, version = null, status, due = null, createdAt, tags, more } = head;
    const written = this.#create.run(
      run,
      fence,
      release === true ? null : oid,
      machine,
      version,
      status,
      due,
      createdAt,
      JSON.stringify(tags),
      more,
    );
    const rid = Number(written.lastInsertRowid);
    if (rid >= ridLimit) {
      throw new StoreError(
        `The store in ${this.connection.path} has had its last run. Use another file.`,
        'failed',
      );
    }
    for (const tag of tags) this.#tag.run(tag, createdAt, run, rid);
    return rid;
  }

  #update({ run, head, release }: RunCommit, current: CurrentRun): void {
    const { rid, machine, status, due, tags } = current;
    const values: Bindable[] = [];
    let which = release === true ? 1 : 0;
    if (head !== undefined) {
      which |= 2;
      values.push(head.version ?? null, head.more);
      const set = (bit: number, value: Bindable): void => {
        which |= bit;
        values.push(value);
      };
      if (head.status !== status) set(4, head.status);
      if ((head.due ?? null) !== due) set(8, head.due ?? null);
      if (head.machine !== machine) set(16, head.machine);
      const text = JSON.stringify(head.tags);
      if (text !== tags) {
        set(32, text);
        this.#retag(run, current, head.tags);
      }
    }
    if (which !== 0) (this.#updates[which] ??= this.#prepareUpdate(which)).run(...values, rid);
  }

  #prepareUpdate(which: number): Statement {
    const set = setters.filter((_, at) => (which & (1 << at)) !== 0);
    return this.connection.prepare(`UPDATE runs SET ${set.join(', ')} WHERE rid = ?`);
  }

  #retag(run: string, { rid, created, tags }: CurrentRun, come: readonly string[]): void {
    for (const tag of JSON.parse(tags) as string[]) this.#untag.run(tag, created, run);
    for (const tag of come) this.#tag.run(tag, created, run, rid);
  }

  #askedElsewhere({ run, ask = [] }: RunCommit): string | undefined {
    for (const { id } of ask) {
      const asker = this.questions.asker(id) ?? run;
      if (asker !== run) return `its question '${id}' is open in run '${asker}'`;
    }
    return undefined;
  }

  #refused(run: string, reason: string): Outcome {
    return failed(this.connection.path, new StoreError(`Run '${run}' was not written: ${reason}.`, 'failed'));
  }
}

/** What is wrong with the seqs of new checkpoints. */
function outOfOrder(newest: number, rows: readonly CheckpointRow[] = []): string | undefined {
  let last = newest;
  for (const { seq } of rows) {
    if (seq <= last) return `checkpoint ${seq} does not follow ${last}`;
    if (seq >= seqLimit) return `checkpoint ${seq} is past the last seq that this store has room for`;
    last = seq;
  }
  return undefined;
}
