/**
 * The turns of one run between their end and their release: numbered, encoded, committed, and only then
 * let out. Commit, then act.
 *
 * At most one commit of a run is in flight. Turns go on meanwhile and join the next; what they hold
 * back waits for every turn before them.
 */
import type { Checkpoints } from '../checkpoint/checkpoints.ts';
import { ConflictError, FencedError, RunClosedError, RunExistsError, StoreError } from '../errors.ts';
import { MessageWaitsError } from '../inbox/mail.ts';
import type { Lease } from '../lease.ts';
import { errorOf, type Why } from '../run/why.ts';
import type { CheckpointRow, Head, Outcome, Row, RunCommit, Store } from '../store.ts';
import type { Host } from '../xstate/host.ts';
import type { Turn } from '../xstate/turn.ts';
import type { Committer, Committing } from './committer.ts';
import { type Ended, type Entry, isGuarded, isTurn, type Recorded, type Waiter } from './entry.ts';
import { RecordedRow, RowCommit } from './recorded-row.ts';
import { mergeWrites, type Writes } from './writes.ts';

/** When a turn's effects may go out: after its commit, at its end, or at its end with commits only at rest. */
export type Durability = 'sync' | 'async' | 'exit';

/** The run whose turns these are. */
export interface TurnLogOwner {
  readonly id: string;
  /** Names this start of the run. */
  readonly starter: string;
  readonly host: Host;
  readonly checkpoints: Checkpoints;
  readonly durability: Durability;
  /** Is only the newest checkpoint to be readable? */
  readonly replace: boolean;
  readonly context: {
    readonly store: Store;
    readonly committer: Committer;
    readonly lease: Lease;
    readonly logger: (...args: unknown[]) => void;
  };
  /** A turn is let out: show its snapshot. Called before its held effects run. */
  show(ended: Ended): void;
  /** Its held effects have run: tell those who watch. */
  tell(ended: Ended): void;
  /** Turns are taken back, the newest last: forget what was said of them. Called before they are set off again. */
  takeBack(turns: readonly Ended[]): void;
  /** Sets off once more what set off a turn that was taken back. */
  relayAgain(ended: Ended): Turn;
  /** Something became durable, or was let out. */
  progressed(): void;
  /** The run cannot go on here. */
  closed(why: Why): void;
  /** The store never takes this turn, which is taken back; nobody waits for it. */
  refused(ended: Ended, error: unknown): void;
}

const refusals = new WeakSet<object>();

/** Does an error say that the store will never take what it was given? Others of the store may pass. */
export const isForGood = (error: StoreError): boolean => refusals.has(error);

const FIRST_RETRY = 10;
const LAST_RETRY = 1000;

export class TurnLog implements Committing {
  /** The newest durable seq. */
  committed: number;
  isWaiting = false;
  fence: number;
  #seq: number;
  #pending: (Ended | Recorded)[] = [];
  /** To be filled next, after a commit that a row came first in: not each step has a new one, see `RecordedRow`. */
  #spare: (Ended | Recorded)[] | undefined;
  #inFlight:
    | {
        readonly entries: (Ended | Recorded)[];
        readonly commit: RunCommit;
        again: boolean;
        isDueAgain: boolean;
      }
    | undefined;
  #toRelease: Ended[] = [];
  #releasing = false;
  #flushing = false;
  /** Set while a commit is asked to give up the run as well. */
  #farewell: { readonly head: () => Head | undefined; readonly waiters: readonly Waiter[] } | undefined;
  #oneByOne = 0;
  #isGivenUp = false;
  #retryIn = FIRST_RETRY;
  #closed = false;
  #term: number;

  readonly #run: TurnLogOwner;

  /** `term`: the lease's, from before the run was taken. */
  constructor(run: TurnLogOwner, seq: number, fence: number, term: number) {
    this.#run = run;
    this.#seq = this.committed = seq;
    this.fence = fence;
    this.#term = term;
  }

  /** Is it certain that nobody else has the run? */
  get holds(): boolean {
    const { lease } = this.#run.context;
    return lease.holds && lease.term === this.#term;
  }

  /** Is everything that happened durable and let out? */
  get isSettled(): boolean {
    return this.#pending.length === 0 && !this.#inFlight && this.#toRelease.length === 0;
  }

  /** Is everything that happened durable? */
  get isDurable(): boolean {
    return this.#pending.length === 0 && !this.#inFlight;
  }

  /** The last turn that is not durable yet. */
  get last(): Ended | undefined {
    return this.#pending.findLast(isTurn) ?? this.#inFlight?.entries.findLast(isTurn);
  }

  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** A turn has ended and was captured. */
  add(ended: Ended): void {
    this.#seq = ended.seq;
    this.#pending.push(ended);
    if (this.#run.durability !== 'sync' && !this.#mustCommitFirst) {
      this.#letOut(ended);
      queueMicrotask(() => this.#release());
    }
    if (this.#isDue(ended)) this.#run.context.committer.add(this);
  }

  /** Writes rows with the next commit. Resolves when they are durable. */
  record(writes: Writes, head?: Head): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#record({ writes, head, waiters: [waiter] }, waiter);
    });
  }

  /** Writes a row with the next commit. */
  recordRow(row: Row, waiter: Waiter): void {
    this.#record(new RecordedRow(row, waiter), waiter);
  }

  #record(recorded: Recorded, waiter: Waiter): void {
    if (this.#closed) return waiter.reject(new RunClosedError(this.#run.id, 'is closed'));
    this.#pending.push(recorded);
    this.#run.context.committer.add(this);
  }

  #isDue(newest: Ended): boolean {
    return (
      this.#run.durability !== 'exit' ||
      this.#flushing ||
      newest.seq === 1 ||
      newest.status !== 'running' ||
      isGuarded(newest)
    );
  }

  /**
   * In every mode: whether there is such a run at all is known only when its first turn is committed, and answers and
   * questions that open or close commit first, with all that comes after them.
   */
  get #mustCommitFirst(): boolean {
    return (
      this.committed === 0 ||
      this.#pending.some(isGuarded) ||
      (this.#inFlight?.entries.some(isGuarded) ?? false)
    );
  }

  #letOut(ended: Ended): void {
    ended.isLetOut = true;
    this.#toRelease.push(ended);
  }

  /** Commits what is pending, now also where commits wait for rest. */
  flush(): void {
    if (this.#pending.length === 0) return;
    this.#flushing = true;
    this.#run.context.committer.add(this);
  }

  /** Commits what is pending, and with it gives up the run. */
  release(head: () => Head | undefined): Promise<void> {
    if (this.#isGivenUp) return Promise.resolve();
    return new Promise((resolve, reject) => {
      // Whoever asked for it before waits for the same commit.
      const { waiters = [] } = this.#farewell ?? {};
      this.#farewell = { head, waiters: [...waiters, { resolve: () => resolve(), reject }] };
      this.#flushing = true;
      this.#run.context.committer.add(this);
    });
  }

  // --- Committing

  take(): RunCommit | undefined {
    if (this.#closed) return undefined;
    if (this.#inFlight) {
      if (!this.#inFlight.isDueAgain) return undefined;
      this.#inFlight.isDueAgain = false;
      return this.#inFlight.commit;
    }
    let entries = this.#pending;
    if (this.#oneByOne > 0) entries = entries.splice(0, 1);
    // Only when nothing is left that may still make a turn: an action that fails, say.
    const farewell = entries.length === 0 && this.#toRelease.length === 0 ? this.#farewell : undefined;
    if (entries.length === 0 && !farewell) return undefined;
    if (entries === this.#pending) {
      this.#pending = this.#spare ?? [];
      this.#spare = undefined;
    }
    const commit = this.#commitOf(entries, farewell?.head);
    this.#inFlight = { entries, commit, again: false, isDueAgain: false };
    return commit;
  }

  #commitOf(
    entries: readonly (Ended | Recorded)[],
    farewell: (() => Head | undefined) | undefined,
  ): RunCommit {
    const { id: run, checkpoints, durability, replace } = this.#run;
    const { lease } = this.#run.context;
    const [only] = entries;
    if (only instanceof RecordedRow && entries.length === 1)
      return new RowCommit(run, lease.owner, this.fence, only.row);
    let rows: CheckpointRow[] = [];
    let head: Head | undefined;
    let parts: Writes[] | undefined;
    for (const entry of entries) {
      if (entry.turn) rows.push(entry.row);
      if (entry.head) head = entry.head;
      if (entry.writes) (parts ??= []).push(entry.writes);
    }
    const last = entries.at(-1);
    // Between two rests, 'exit' keeps no seqs; nor does it keep what was captured for each.
    if (durability === 'exit' && rows.length > 1)
      rows = [checkpoints.merge(rows, entries.findLast(isTurn)!.value)];
    const writes = parts && mergeWrites(parts);
    return {
      run,
      owner: lease.owner,
      fence: this.fence,
      create: rows.length > 0 && this.committed === 0,
      expect: rows.length > 0 ? this.committed : undefined,
      checkpoints: rows,
      dropBefore: replace ? rows.findLast((row) => row.base)?.seq : undefined,
      head: farewell?.() ?? head,
      put: writes?.put,
      drop: writes?.drop,
      ask: writes?.ask,
      close: writes?.close,
      take: writes?.take,
      unless: writes?.unless,
      // A run at its end needs no owner; nothing that its last turn holds back can make another.
      release:
        farewell !== undefined || (last?.turn !== undefined && last.isOver && this.#pending.length === 0),
    };
  }

  outcome(outcome: Outcome): void {
    if (this.#closed) return;
    switch (outcome.status) {
      case 'committed':
        return this.#committed();
      case 'exists':
        return this.close(new RunExistsError(this.#run.id));
      case 'conflict':
        return this.close(new ConflictError(this.#run.id, this.committed));
      case 'fenced':
        // It was given up by the attempt before, whose reply was lost.
        if (this.#inFlight?.again && this.#inFlight.commit.release) return this.#committed();
        return this.close(new FencedError(this.#run.id));
      case 'taken':
        return this.#refused(new MessageWaitsError(outcome.message));
      case 'failed':
        if (outcome.retry) this.#tryAgain(outcome.error, 'failed');
        else this.#refused(this.#refusal(outcome.error));
    }
  }

  unknown(error: unknown): void {
    if (!this.#closed) void this.#ask(error);
  }

  #committed(): void {
    const { entries } = this.#inFlight!;
    const [only] = entries;
    this.#oneByOne = Math.max(0, this.#oneByOne - entries.length);
    this.#retryIn = FIRST_RETRY;
    if (only instanceof RecordedRow && entries.length === 1) this.#rowCommitted(only);
    else this.#allCommitted();
    if (this.#closed) return;
    entries.length = 0;
    if (only === undefined || !isTurn(only)) this.#spare = entries;
    const next = this.#pending.at(-1);
    if (next ? !next.turn || this.#isDue(next) : this.#farewell) this.#run.context.committer.add(this);
    this.#run.progressed();
  }

  /** A row alone, which no turn has waited for. */
  #rowCommitted({ waiter }: RecordedRow): void {
    this.#inFlight = undefined;
    if (this.#pending.length === 0) this.#flushing = false;
    waiter.resolve(undefined);
  }

  #allCommitted(): void {
    const { entries, commit } = this.#inFlight!;
    const letOutNow = this.#run.durability === 'sync' || this.#mustCommitFirst;
    this.#inFlight = undefined;
    const newest = entries.findLast(isTurn);
    if (newest) this.committed = newest.seq;
    this.#run.checkpoints.stored(commit.put);
    if (this.#pending.length === 0) this.#flushing = false;
    if (commit.release) {
      this.#isGivenUp = true;
      for (const waiter of this.#farewell?.waiters ?? []) waiter.resolve(this.committed);
      this.#farewell = undefined;
    }
    for (const { turn, waiters } of entries)
      if (!turn && waiters) for (const waiter of waiters) waiter.resolve(undefined);
    if (!letOutNow) return;
    for (const ended of entries) if (ended.turn && !ended.isLetOut) this.#letOut(ended);
    // In the other modes, these waited for what had to be committed first.
    if (this.#run.durability !== 'sync' && !this.#mustCommitFirst)
      for (const ended of this.#pending) if (ended.turn && !ended.isLetOut) this.#letOut(ended);
    this.#release();
  }

  // --- Release

  #release(): void {
    if (this.#releasing) return;
    this.#releasing = true;
    const { host } = this.#run;
    for (let ended = this.#toRelease[0]; ended && !this.#closed; ended = this.#toRelease[0]) {
      this.#run.show(ended);
      if (!host.release(ended.turn, this)) {
        void this.#goOn();
        return;
      }
      if (this.#closed) break;
      this.#toRelease.shift();
      this.#run.tell(ended);
      if (ended.waiters) for (const waiter of ended.waiters) waiter.resolve(ended.seq);
    }
    this.#releasing = false;
    if (this.#farewell) this.#run.context.committer.add(this);
    this.#run.progressed();
  }

  /** The lease may have ended before all was let out. */
  async #goOn(): Promise<void> {
    if (!(await this.regain())) return;
    this.#releasing = false;
    this.#release();
  }

  /** The lease may have ended: is the run still ours? It is closed where it is not. */
  async regain(): Promise<boolean> {
    const { id: run } = this.#run;
    const { lease, store } = this.#run.context;
    try {
      await lease.ensure();
      const { term } = lease;
      const [stored] = await store.runs({ run, limit: 1 });
      if (stored?.fence === this.fence) {
        this.#term = term;
        return !this.#closed;
      }
      this.close(new FencedError(run));
    } catch (cause) {
      this.close(
        new StoreError(`The lease of run '${run}' ended and could not be renewed.`, 'failed', { cause }),
      );
    }
    return false;
  }

  // --- When the store does not commit

  /** Asks the store what became of a commit that it gave no outcome for. */
  async #ask(error: unknown): Promise<void> {
    const { id: run, starter } = this.#run;
    const { store } = this.#run.context;
    const { commit } = this.#inFlight!;
    try {
      const [stored] = await store.runs({ run, limit: 1 });
      const newest = commit.checkpoints?.at(-1);
      const [there] = newest && stored ? await store.history(run, { from: newest.seq, limit: 1 }) : [];
      if (this.#closed) return;
      if (!stored && commit.create) return this.#tryAgain(error, 'unknown');
      if (commit.create && stored && starterOf(stored) !== starter)
        return this.close(new RunExistsError(run));
      // A row that reads just like ours is ours: nobody else had our fence.
      if (
        newest &&
        there &&
        there.seq === newest.seq &&
        there.time === newest.time &&
        there.header === newest.header
      )
        return this.#committed();
      if (stored?.fence !== this.fence) {
        // Given up, as was asked for; who has it now may be anybody.
        if (commit.release) return this.#committed();
        return this.close(new FencedError(run));
      }
      if (stored.seq !== this.committed) return this.close(new ConflictError(run, this.committed));
      this.#tryAgain(error, 'unknown');
    } catch {
      if (!this.#closed) this.#tryAgain(error, 'unknown', () => this.#ask(error));
    }
  }

  /** The lease has ended, and the store does not answer. */
  leaseLost(): void {
    if (!this.#inFlight) return;
    const message = `The store did not answer for turn ${this.#seq} of run '${this.#run.id}' before the lease ended.`;
    this.close(new StoreError(message, 'unknown'));
  }

  /** The same once more, a little later, as long as the lease holds. */
  #tryAgain(cause: unknown, outcome: 'failed' | 'unknown', again?: () => Promise<void>): void {
    const { id: run } = this.#run;
    const { lease } = this.#run.context;
    if (!lease.holds)
      return this.close(
        new StoreError(
          `The store did not commit turn ${this.#seq} of run '${run}' before the lease ended.`,
          outcome,
          { cause },
        ),
      );
    if (this.#retryIn === FIRST_RETRY)
      this.#run.context.logger(`Savepoint could not commit run '${run}'; it is tried again.`, cause);
    setTimeout(() => {
      if (this.#closed) return;
      if (again) return void again();
      this.#inFlight!.again = this.#inFlight!.isDueAgain = true;
      this.#run.context.committer.add(this);
    }, this.#retryIn);
    this.#retryIn = Math.min(LAST_RETRY, this.#retryIn * 2);
  }

  #refusal(cause: Error): Error {
    const refused = this.#inFlight!.entries[0];
    const what = refused?.turn ? `turn ${refused.seq}` : 'what was to be kept beside the turns';
    const message = `The store refused ${what} of run '${this.#run.id}'; the run is as it was before.`;
    if (!refused) return cause;
    const refusal = new StoreError(message, 'failed', { cause });
    refusals.add(refusal);
    return refusal;
  }

  /**
   * The store takes this commit never. Several entries: it is one of them, so they go one by one. One: it
   * is taken back, with all that came after it, and what set those off is set off again.
   */
  #refused(error: Error): void {
    const { entries } = this.#inFlight!;
    const { committer } = this.#run.context;
    this.#inFlight = undefined;
    const later = [...entries, ...this.#pending];
    this.#pending = later;
    const [refused] = later;
    if (entries.length === 0 || !refused) return this.close(error);
    if (entries.length > 1) {
      this.#oneByOne = entries.length;
      this.#run.checkpoints.forget();
      return committer.add(this);
    }
    if (!refused.turn) {
      later.shift();
      for (const waiter of refused.waiters ?? []) waiter.reject(error);
      if (later.length > 0 || this.#farewell) committer.add(this);
      return this.#run.progressed();
    }
    if (refused.isLetOut || refused.seq === 1) return this.close(error);
    const turns = later.filter(isTurn);
    // What was written between turns stands on its own.
    this.#pending = later.filter((entry) => !entry.turn);
    this.#run.takeBack(turns);
    this.#seq = this.committed;
    this.#run.checkpoints.forget();
    for (const ended of turns) {
      if (this.#closed) return;
      const { waiters = [] } = ended;
      const own = waiters.filter((waiter) => !waiter.again);
      if (ended !== refused) this.#relayAgain(ended, own);
      else if (own.length > 0) for (const waiter of own) waiter.reject(error);
      else this.#run.refused(refused, error);
      for (const waiter of waiters) waiter.again?.();
    }
    const { host } = this.#run;
    for (const late of host.takeLate(turns.map(({ turn }) => turn))) host.report(late);
    if (this.#pending.length > 0 || this.#farewell) committer.add(this);
    // Who waited for what was taken back has nothing to wait for any more.
    this.#run.progressed();
  }

  #relayAgain(ended: Ended, waiters: readonly Waiter[]): void {
    const before = this.#seq;
    const { refusal } = this.#run.relayAgain(ended);
    if (refusal !== undefined) for (const waiter of waiters) waiter.reject(refusal);
    else if (this.#seq === before) for (const waiter of waiters) waiter.resolve(undefined);
    else (this.last!.waiters ??= []).push(...waiters);
  }

  /** Ends it: all who wait are told why. */
  close(why: Why): void {
    if (this.#closed) return;
    this.#closed = true;
    const isDurable = (ended: Ended): boolean => ended.seq <= this.committed;
    // What was sent is in the store, though its effects are for whoever takes the run next.
    for (const ended of this.#toRelease.filter(isDurable))
      for (const waiter of ended.waiters ?? []) waiter.resolve(ended.seq);
    const waiting = [
      ...this.#toRelease.filter((ended) => !isDurable(ended)),
      ...(this.#inFlight?.entries ?? []),
      ...this.#pending,
    ];
    const waiters = [...new Set<Entry>(waiting)].flatMap((entry) => entry.waiters ?? []);
    if (this.#farewell) waiters.push(...this.#farewell.waiters);
    const error = waiters.length > 0 ? errorOf(why) : why;
    for (const waiter of waiters) waiter.reject(error);
    this.#run.closed(error);
  }
}

const starterOf = ({ more }: Head): unknown => (JSON.parse(more) as { readonly starter?: unknown }).starter;
