/**
 * `commit`: batches of writes, atomic for each run.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Outcome, RunCommit } from '../../src/store.ts';
import type { Connection, Statement } from './connection.ts';
import { creationStatement } from './creation-statement.ts';
import { diagnose, type Diagnosis, refusal } from './diagnosis.ts';
import type { Entry } from './entries.ts';
import { failed, QueryError, storeError } from './failure.ts';
import { removalStatement } from './removal-statement.ts';
import { type RoundKind, roundsOf } from './rounds.ts';
import { ordered } from './text.ts';
import { type Context, turnStatement, writesStatement } from './turn-statement.ts';

/** How often commits are tried again that others were in the way of. */
const mostTries = 100;

/** What a server may take to see that a connection is gone whose statement has not begun, in milliseconds. */
const notice = 50;

/** What a commit may have to be written with; see `TurnParts`. */
interface Style {
  readonly retag: boolean;
}

/**
 * Each round of a batch is one statement, and one trip to the server: it locks the runs in one order,
 * checks them, writes those that pass, and tells which. Of the others it is then asked what they are like.
 */
export class Commits {
  constructor(
    readonly connection: Connection,
    readonly context: Context,
    /** Is a table to be written only once in a statement? */
    readonly oneWriteEach: boolean,
    /** Is told of the runs that were written, by their stored ids. */
    readonly written: (runs: readonly string[]) => void,
  ) {}

  /** @throws StoreError, where it is not known what was written */
  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const entries: Entry[] = [];
    for (const [n, commit] of batch.entries()) {
      const refused = refusal(commit);
      if (refused === undefined) entries.push({ n, commit });
      else outcomes[n] = refused;
    }
    for (const round of roundsOf(entries)) await this.#settle(round.kind, round.entries, outcomes);
    const written = entries.filter(({ n }) => outcomes[n]?.status === 'committed');
    this.written(written.map(({ commit }) => ordered(commit.run)));
    return outcomes;
  }

  async #settle(kind: RoundKind, entries: readonly Entry[], outcomes: Outcome[]): Promise<void> {
    let open = entries;
    let style: Style = { retag: false };
    for (let tries = 1; open.length > 0; tries++) {
      let written: ReadonlySet<number>;
      try {
        written = await this.#write(kind, open, style);
      } catch (error) {
        return this.#fail(kind, open, outcomes, error);
      }
      for (const { n } of open) if (written.has(n)) outcomes[n] = { status: 'committed' };
      open = open.filter(({ n }) => !written.has(n));
      const diagnoses = open.length === 0 ? [] : await this.#diagnose(open, tries);
      const again: Entry[] = [];
      for (const [i, entry] of open.entries()) {
        const diagnosis = diagnoses[i]!;
        if (typeof diagnosis === 'string') again.push(entry);
        else outcomes[entry.n] = diagnosis;
      }
      if (diagnoses.includes('retag')) style = { retag: true };
      open = again;
    }
  }

  /** Why commits changed nothing. They are known to have written nothing, even where that cannot be told. */
  async #diagnose(open: readonly Entry[], tries: number): Promise<readonly Diagnosis[]> {
    const { schema } = this.connection;
    try {
      if (tries < mostTries) return await diagnose(this.connection, open);
      throw new StoreError(`Others wrote to the same runs of '${schema}' all the time; try again.`, 'failed');
    } catch (error) {
      const outcome: Outcome = { status: 'failed', error: storeError(schema, error, false), retry: true };
      return open.map(() => outcome);
    }
  }

  /** A statement that failed. One commit may be to blame: each half is tried without the other. */
  async #fail(kind: RoundKind, open: readonly Entry[], outcomes: Outcome[], error: unknown): Promise<void> {
    const { schema } = this.connection;
    if (!(error instanceof QueryError)) throw error;
    if (!error.isKnown) {
      await this.#await(open);
      throw storeError(schema, error, true);
    }
    if (open.length > 1 && !error.mayRetry) {
      const half = open.length >> 1;
      await this.#settle(kind, open.slice(0, half), outcomes);
      await this.#settle(kind, open.slice(half), outcomes);
      return;
    }
    for (const { n } of open) outcomes[n] = failed(schema, error);
  }

  async #write(kind: RoundKind, entries: readonly Entry[], { retag }: Style): Promise<ReadonlySet<number>> {
    const { connection, context } = this;
    if (kind === 'creations') return placesOf(await connection.run(creationStatement(context, entries)));
    if (kind === 'removals') return placesOf(await connection.run(removalStatement(context, entries)));
    if (!this.oneWriteEach || !isTwofold(entries, retag)) {
      return placesOf(await connection.run(turnStatement(context, entries, { retag, withoutWrites: false })));
    }
    return connection.transaction(async (query) => {
      const first = turnStatement(context, entries, { retag, withoutWrites: true });
      const written = placesOf(await query(first.text, first.values));
      const second = writesStatement(
        context,
        entries.filter(({ n }) => written.has(n)),
        retag,
      );
      if (second !== undefined) await query(second.text, second.values);
      return written;
    });
  }

  /**
   * The connection is lost, but its statement may still be at work, and may then write after it was asked
   * what became of it. It holds the locks of its runs: who gets them sees the end of it.
   */
  async #await(entries: readonly Entry[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, notice));
    const text = `SELECT 1 FROM ${this.context.schema}.runs WHERE id = ANY ($1::text[]) ORDER BY rid FOR UPDATE`;
    const statement: Statement = { text, values: [entries.map(({ commit }) => ordered(commit.run))] };
    // Where the server is gone as well, so is the statement.
    await this.connection.run(statement).catch(() => {});
  }
}

/** Would one statement delete from a table and write to it as well? */
function isTwofold(entries: readonly Entry[], retag: boolean): boolean {
  const has = (part: 'put' | 'drop' | 'ask' | 'checkpoints'): boolean =>
    entries.some(({ commit }) => (commit[part]?.length ?? 0) > 0);
  return (
    retag ||
    has('ask') ||
    (has('put') && has('drop')) ||
    (has('checkpoints') && entries.some(({ commit }) => commit.dropBefore !== undefined))
  );
}

function placesOf(rows: readonly unknown[]): ReadonlySet<number> {
  return new Set((rows as { n: number }[]).map(({ n }) => n));
}
