/**
 * `commit`: what has to be so before a commit writes.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Outcome, RunCommit } from '../../src/store.ts';
import type { Catalog } from './catalog.ts';
import { failed } from './failure.ts';
import type { Lease, Leases } from './leases.ts';
import { lineOfCommit } from './record.ts';
import type { Removal } from './removal.ts';
import type { RunFile } from './run-file.ts';
import { messageIn } from './run-reads.ts';
import type { Decision, Writer } from './writer.ts';

/** What a batch has come by. */
interface Seen {
  /** Questions that it asks and their runs, and those that it closes: the catalog may not know yet. */
  readonly asked: Map<string, string | undefined>;
  readonly leases: Map<string, Lease | undefined>;
}

/** Writes batches; an outcome for each run. */
export class Commits {
  constructor(
    readonly path: string,
    readonly writer: Writer,
    readonly leases: Leases,
    readonly catalog: Catalog,
    readonly removal: Removal,
  ) {}

  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    // Question ids are unique in the whole store.
    if (batch.some(({ ask = [] }) => ask.length > 0)) await this.catalog.upToDate();
    const seen: Seen = { asked: new Map(), leases: new Map() };
    const done = await this.writer.write<Outcome>(
      batch.map((commit) => ({ run: commit.run, decide: (file) => this.#decide(commit, file, seen) })),
    );
    if (batch.some(({ remove }) => remove !== undefined)) this.removal.sweep();
    return done.map((one) => ('error' in one ? failed(this.path, one.error) : one.answer));
  }

  #decide(commit: RunCommit, file: RunFile | undefined, { asked, leases }: Seen): Decision<Outcome> {
    const { run, owner, fence, head, expect, unless = [], checkpoints = [] } = commit;
    if (!leases.has(owner)) leases.set(owner, this.leases.find(owner));
    const lease = leases.get(owner);
    const state = file?.state;
    if (commit.create === true) {
      if (state?.head !== undefined || (state?.buried ?? 0) > Date.now())
        return { answer: { status: 'exists' } };
      if (lease === undefined) return { answer: { status: 'fenced' } };
      if (head === undefined) return this.#refused(run, 'its first commit has no head');
    } else if (
      file === undefined ||
      state?.hold?.owner !== owner ||
      state.hold.key !== lease?.key ||
      state.fence !== fence
    ) {
      return { answer: { status: 'fenced' } };
    }
    const newest = state?.seq ?? 0;
    if (expect !== undefined && expect !== newest) return { answer: { status: 'conflict' } };
    for (const id of unless) {
      const message = file && messageIn(file, id);
      if (message !== undefined) return { answer: { status: 'taken', message } };
    }
    if (commit.remove !== undefined) {
      for (const id of state?.questions.keys() ?? []) asked.set(id, undefined);
      return { answer: committed, line: { buried: Date.now() + commit.remove } };
    }
    const disorder = outOfOrder(newest, checkpoints) ?? this.#askedElsewhere(commit, asked);
    if (disorder !== undefined) return this.#refused(run, disorder);
    for (const id of commit.close ?? []) if (state?.questions.has(id) === true) asked.set(id, undefined);
    for (const { id } of commit.ask ?? []) asked.set(id, run);
    const hold = commit.create === true ? { owner, key: lease.key } : undefined;
    return { answer: committed, line: lineOfCommit(commit, hold) };
  }

  #askedElsewhere({ run, ask = [] }: RunCommit, asked: Seen['asked']): string | undefined {
    for (const { id } of ask) {
      const asker = asked.has(id) ? asked.get(id) : this.catalog.questions.get(id)?.run;
      if (asker !== undefined && asker !== run) return `its question '${id}' is open in run '${asker}'`;
    }
    return undefined;
  }

  #refused(run: string, reason: string): Decision<Outcome> {
    return {
      answer: failed(this.path, new StoreError(`Run '${run}' was not written: ${reason}.`, 'failed')),
    };
  }
}

const committed: Outcome = { status: 'committed' };

/** What is wrong with the seqs of new checkpoints. */
function outOfOrder(newest: number, rows: readonly CheckpointRow[]): string | undefined {
  let last = newest;
  for (const { seq } of rows) {
    if (seq <= last) return `checkpoint ${seq} does not follow ${last}`;
    last = seq;
  }
  return undefined;
}
