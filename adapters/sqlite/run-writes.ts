/**
 * All that a commit can hold, written for one run inside a transaction.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Head, Outcome, RunCommit } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
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

/** Checks first and writes then: an outcome other than `committed` has written nothing. */
export class RunWrites {
  readonly #find: Statement;
  readonly #buried: Statement;
  readonly #unbury: Statement;
  readonly #create: Statement;
  readonly #checkpoint: Record<CheckpointTable, Statement>;
  readonly #dropCheckpoints: readonly Statement[];
  readonly #head: Statement;
  readonly #headWithStatus: Statement;
  readonly #headWithDue: Statement;
  readonly #headWithBoth: Statement;
  readonly #machine: Statement;
  readonly #tags: Statement;
  readonly #tag: Statement;
  readonly #untag: Statement;
  readonly #release: Statement;
  readonly #removal: Removal;

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
    readonly rows: Rows,
    readonly inbox: Inbox,
    readonly questions: Questions,
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#find = sql(
      `SELECT rid, fence, oid, machine, status, due, created, tags, ${newestKey} AS newest
       FROM runs LEFT JOIN owners ON oid = runs.owner WHERE runs.id = ?`,
    );
    this.#buried = sql(`SELECT until > ${now} FROM tombstones WHERE id = ?`).pluck();
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
    // An UPDATE pays for each index whose columns it names, changed or not.
    this.#head = sql('UPDATE runs SET version = ?, more = ? WHERE rid = ?');
    this.#headWithStatus = sql('UPDATE runs SET version = ?, more = ?, status = ? WHERE rid = ?');
    this.#headWithDue = sql('UPDATE runs SET version = ?, more = ?, due = ? WHERE rid = ?');
    this.#headWithBoth = sql('UPDATE runs SET version = ?, more = ?, status = ?, due = ? WHERE rid = ?');
    this.#machine = sql('UPDATE runs SET machine = ? WHERE rid = ?');
    this.#tags = sql('UPDATE runs SET tags = ? WHERE rid = ?');
    this.#tag = sql('INSERT OR IGNORE INTO tags (tag, created, id, rid) VALUES (?, ?, ?, ?)');
    this.#untag = sql('DELETE FROM tags WHERE tag = ? AND created = ? AND id = ?');
    this.#release = sql('UPDATE runs SET owner = NULL WHERE rid = ?');
    this.#removal = new Removal(connection, keys, [rows, inbox, questions]);
  }

  apply(commit: RunCommit, table: CheckpointTable): Outcome {
    const { run, owner, fence, head, unless, checkpoints = [] } = commit;
    const current = this.#find.get(run) as CurrentRun | undefined;
    let oid = this.keys.owner(owner);
    // Another handle may have given up the owner, or registered it anew.
    if (current?.oid !== oid) oid = this.keys.readOwner(owner);
    if (commit.create === true) {
      if (current !== undefined || this.#isBuried(run)) return { status: 'exists' };
      if (oid === undefined) return { status: 'fenced' };
      if (head === undefined) return this.#refused(run, 'its first commit has no head');
    } else if (current === undefined || current.oid !== oid || current.fence !== fence) {
      this.keys.forgetRun(run);
      return { status: 'fenced' };
    }
    const newest = current === undefined ? 0 : current.newest - current.rid * seqLimit;
    if (commit.expect !== undefined && commit.expect !== newest) return { status: 'conflict' };
    if (current !== undefined) {
      for (const id of unless ?? []) {
        const value = this.inbox.find(current.rid, id);
        if (value !== undefined) return { status: 'taken', message: { id, value } };
      }
      if (commit.remove !== undefined) {
        this.#removal.remove(run, current, commit.remove);
        return { status: 'committed' };
      }
    }
    const disorder = outOfOrder(newest, checkpoints) ?? this.#askedElsewhere(commit);
    if (disorder !== undefined) return this.#refused(run, disorder);

    const rid = current?.rid ?? this.#insertRun(commit, head!, oid);
    this.#writeCheckpoints(commit, rid, table);
    this.#writeRows(commit, rid, oid, table);
    if (head !== undefined && current !== undefined) this.#writeHead(run, current, head);
    if (commit.release === true) {
      this.#release.run(rid);
      this.keys.forgetRun(run);
    } else {
      this.keys.rememberRun(run, rid);
    }
    return { status: 'committed' };
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

  #writeRows(commit: RunCommit, rid: number, oid: number, table: CheckpointTable): void {
    const { fence, drop = [], put = [], take = [], close = [], ask = [] } = commit;
    this.rows.drop(rid, drop);
    for (const row of put) this.rows.put(rid, fence, oid, row, table);
    for (const id of take) this.inbox.take(rid, id);
    for (const id of close) this.questions.close(rid, id);
    for (const question of ask) this.questions.ask(rid, question);
  }

  #insertRun({ run, fence }: RunCommit, head: Head, oid: number): number {
    const { machine, version = null, status, due = null, createdAt, tags, more } = head;
    const written = this.#create.run(
      run,
      fence,
      oid,
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

  #writeHead(run: string, current: CurrentRun, head: Head): void {
    const { rid, machine, status, created, tags } = current;
    const { version = null, due = null, more } = head;
    if (head.status === status) {
      if (due === current.due) this.#head.run(version, more, rid);
      else this.#headWithDue.run(version, more, due, rid);
    } else if (due === current.due) this.#headWithStatus.run(version, more, head.status, rid);
    else this.#headWithBoth.run(version, more, head.status, due, rid);
    if (head.machine !== machine) this.#machine.run(head.machine, rid);
    const text = JSON.stringify(head.tags);
    if (text === tags) return;
    this.#tags.run(text, rid);
    for (const tag of JSON.parse(tags) as string[]) this.#untag.run(tag, created, run);
    for (const tag of head.tags) this.#tag.run(tag, created, run, rid);
  }

  #askedElsewhere({ run, ask = [] }: RunCommit): string | undefined {
    for (const { id } of ask) {
      const asker = this.questions.asker(id) ?? run;
      if (asker !== run) return `its question '${id}' is open in run '${asker}'`;
    }
    return undefined;
  }

  #isBuried(run: string): boolean {
    const buried = this.#buried.get(run);
    if (buried === 0) this.#unbury.run(run);
    return buried === 1;
  }

  #refused(run: string, reason: string): Outcome {
    return failed(this.connection.path, new StoreError(`Run '${run}' was not written: ${reason}.`, 'failed'));
  }
}

/** What is wrong with the seqs of new checkpoints. */
function outOfOrder(newest: number, rows: readonly CheckpointRow[]): string | undefined {
  let last = newest;
  for (const { seq } of rows) {
    if (seq <= last) return `checkpoint ${seq} does not follow ${last}`;
    if (seq >= seqLimit) return `checkpoint ${seq} is past the last seq that this store has room for`;
    last = seq;
  }
  return undefined;
}
