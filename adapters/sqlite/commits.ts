/**
 * `commit`: batches of writes, atomic for each run.
 *
 * @module
 */
import type { Outcome, RunCommit } from '../../src/store.ts';
import { Appends } from './appends.ts';
import type { Connection } from './connection.ts';
import { failed, mayRetry } from './failure.ts';
import type { Inbox } from './inbox.ts';
import type { Keys } from './keys.ts';
import { Puts } from './puts.ts';
import type { Questions } from './questions.ts';
import type { Rows } from './rows.ts';
import { RunWrites } from './run-writes.ts';
import type { CheckpointTable } from './schema.ts';

/** From so many commits of one row each, they are stored in the order of the batch. */
const groupFrom = 4;

/**
 * Three ways, from fast to slow:
 * 1. One commit of one checkpoint, or of one row: one statement, its own transaction.
 * 2. A batch: one transaction. What each commit needs is checked before it writes, so nothing has to be
 *    taken back, and no savepoint is paid for.
 * 3. A batch in which something failed all the same, such as a value too large: again, with a savepoint
 *    for each commit.
 */
export class Commits {
  readonly #appends: Appends;
  readonly #puts: Puts;
  readonly #writes: RunWrites;

  constructor(
    readonly connection: Connection,
    keys: Keys,
    rows: Rows,
    inbox: Inbox,
    questions: Questions,
  ) {
    this.#appends = new Appends(connection, keys);
    this.#puts = new Puts(connection, keys, rows);
    this.#writes = new RunWrites(connection, keys, rows, inbox, questions);
  }

  commit(batch: readonly RunCommit[]): Outcome[] {
    const [first] = batch;
    if (first === undefined) return [];
    try {
      const { connection } = this;
      if (batch.length === 1 && connection.insist(() => this.#isWritten(first, 'checkpoints')))
        return [committed];
      const table = batch.length < groupFrom ? 'checkpoints' : 'grouped';
      return connection.write(() =>
        batch.map((commit) =>
          this.#isWritten(commit, table) ? committed : this.#writes.apply(commit, table),
        ),
      );
    } catch (error) {
      if (batch.length === 1 || mayRetry(error)) return this.#allFailed(batch, error);
    }
    try {
      return this.connection.write(() => batch.map((commit) => this.#applyAlone(commit)));
    } catch (error) {
      return this.#allFailed(batch, error);
    }
  }

  /** In one of the fast ways. */
  #isWritten(commit: RunCommit, table: CheckpointTable): boolean {
    return this.#appends.append(commit, table) || this.#puts.put(commit, table);
  }

  #applyAlone(commit: RunCommit): Outcome {
    try {
      return this.connection.within(() => this.#writes.apply(commit, 'checkpoints'));
    } catch (error) {
      if (mayRetry(error) || !this.connection.db.inTransaction) throw error;
      return failed(this.connection.path, error);
    }
  }

  #allFailed(batch: readonly RunCommit[], error: unknown): Outcome[] {
    return batch.map(() => failed(this.connection.path, error));
  }
}

const committed: Outcome = { status: 'committed' };
