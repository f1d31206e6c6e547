/** What is behind a `Run`: the host of its actors, the log of its turns, and those who wait for it. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { checkEvent } from '../check-event.ts';
import { checkMs } from '../check-options.ts';
import { Checkpoints } from '../checkpoint/checkpoints.ts';
import type { Codec } from '../checkpoint/codec.ts';
import { define, type CheckpointCause, type Definition } from '../checkpoint/envelope.ts';
import type { CurrentEffect } from '../effects/ambient.ts';
import type { Journal } from '../effects/journal.ts';
import { ConflictError, FencedError, InvalidArgumentError, RunClosedError, StoreError } from '../errors.ts';
import type { Checkpoint, CheckpointInfo, HistoryQuery } from '../history.ts';
import { checkId } from '../ids.ts';
import type { AnswerOptions } from '../input/answers.ts';
import { parseQuestionId } from '../input/ids.ts';
import type { PendingInput } from '../input/pending-input.ts';
import type { Change } from '../input/questions.ts';
import { loadReader } from '../load-reader.ts';
import type { PrunePolicy } from '../prune/retention.ts';
import type { RuntimeContext } from '../runtime-context.ts';
import type { ReleaseOptions } from '../runtime-options.ts';
import { Pausing, type PausingOwner } from '../steering/pausing.ts';
import type { CheckpointRow, Row, RunStatus, StoredRun } from '../store.ts';
import type { Committer } from '../turns/committer.ts';
import type { Ended, Waiter } from '../turns/entry.ts';
import { TurnLog, type Durability, type TurnLogOwner } from '../turns/turn-log.ts';
import { mergeWrites, type Writes } from '../turns/writes.ts';
import { actorPath } from '../xstate/actor-path.ts';
import { adopted } from '../xstate/adopted.ts';
import { Capture, type Document } from '../xstate/capture.ts';
import { CommittedActor } from '../xstate/committed-actor.ts';
import type { Effect } from '../xstate/effect.ts';
import { Host, type HostOwner, type Late } from '../xstate/host.ts';
import type { LiveActor } from '../xstate/insider.ts';
import { structureHash } from '../xstate/structure.ts';
import type { Held, HeldAction, Turn } from '../xstate/turn.ts';
import { Desk, type StoredDesk } from './desk.ts';
import { Leaving, type LeavingOwner } from './leaving.ts';
import type { Receipt } from './receipt.ts';
import { keepsNewestOnly, readMore, type RunIdentity } from './run-info.ts';
import { Sends } from './sends.ts';
import { Standing } from './standing.ts';
import { isEnd, isRest, whyOver } from './status.ts';
import type { SendOptions, Told } from './told.ts';
import { Waiting } from './waiting.ts';
import { errorOf, type Why } from './why.ts';
import { writesBeside } from './writes-beside.ts';

/** What all runs of a runtime share. */
export interface RunContext extends RuntimeContext {
  readonly committer: Committer;
  readonly codec: Codec;
  /** For what is kept beside the checkpoints: it keeps no blobs apart. */
  readonly inline: Codec;
}

/** What a run is resumed from. */
export interface Restored {
  /** In which its actors came back: holds their effects. */
  readonly turn: Turn;
  /** What is stored beside the checkpoints. */
  readonly desk: StoredDesk;
  /** That wrote the newest base. */
  readonly definition: Definition;
  readonly stored: StoredRun;
  readonly rows: readonly CheckpointRow[];
  /** The hashes of the blobs that the rows refer to. */
  readonly blobs: ReadonlySet<string>;
  readonly fence: number;
  /** The lease's, from before the run was taken. */
  readonly term: number;
  /** When it is known to have been open last, by the clock. */
  readonly lastSeen: number;
}

export class RunCore implements HostOwner, TurnLogOwner, LeavingOwner, PausingOwner {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly tags: readonly string[];
  actor!: CommittedActor;
  seq = 0;
  status: RunStatus = 'idle';
  /** Is it to be let go of as soon as it is at rest? */
  leavesAtRest = false;
  readonly host: Host;
  readonly checkpoints: Checkpoints;
  /** What is beside the turns: outbox, questions, answers, inbox. */
  readonly desk: Desk;
  readonly #sends: Sends;
  readonly #capture: Capture;
  readonly #definition: Definition;
  readonly standing: Standing;
  readonly pausing: Pausing;
  readonly #leaving: Leaving;
  #log: TurnLog | undefined;
  #starting: Waiter | undefined;
  #told: Told | undefined;
  #closed: Why | undefined;
  readonly #waiting = new Waiting();
  #cleaning: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly context: RunContext,
    private readonly identity: RunIdentity,
  ) {
    const { id, machine, tags } = identity;
    this.id = id;
    this.machine = machine;
    this.tags = tags;
    this.host = new Host(this);
    this.#capture = new Capture(this.host, context.codec);
    this.#definition = definitionOf(machine);
    this.checkpoints = new Checkpoints(context.codec, this.#definition, this.#capture, {
      run: id,
      bytes: context.snapshotBytes,
    });
    this.#sends = new Sends(this);
    this.desk = new Desk(this);
    this.standing = new Standing(this, identity);
    this.#leaving = new Leaving(this);
    this.pausing = new Pausing(this);
  }

  // --- Beginnings

  /** Starts a new run. Resolves when its first checkpoint is durable. */
  start(input: unknown): Promise<unknown> {
    this.#log = new TurnLog(this, 0, 1, this.context.lease.term);
    const durable = new Promise<unknown>((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    try {
      this.host.start(input);
    } catch (error) {
      durable.catch(() => {});
      this.closed(error instanceof Error ? error : new Error(String(error)));
      return Promise.reject(error);
    }
    return durable;
  }

  /** Goes on from what was read. Resolves when it is known in the store that it does. */
  async continueFrom(restored: Restored): Promise<void> {
    const { turn, desk, definition, stored, rows, blobs, fence, term, lastSeen } = restored;
    const changed =
      definition !== this.#definition && JSON.stringify(definition) !== JSON.stringify(this.#definition);
    this.checkpoints.continueFrom(rows, blobs, changed);
    const log = (this.#log = new TurnLog(this, stored.seq, fence, term));
    this.seq = stored.seq;
    this.status = stored.status;
    this.actor = new CommittedActor(this.host.root, this);
    const writes = this.desk.continueFrom(desk);
    // Counted before it is made: an attempt that takes the process with it is known then.
    const head = this.standing.continueFrom(stored, lastSeen);
    if (head || writes) await log.record(writes ?? {}, head);
    this.desk.resumed();
    while (!this.host.release(turn, log)) if (!(await log.regain())) throw new FencedError(this.id);
    this.#becomes(this.standing.status);
    // One that is paused may be listed as running, for somebody to come and read what waits for it.
    if (!this.pausing.isPaused) this.#refreshHead();
  }

  /** Shows a run that is over: nothing runs, nothing is held. */
  showEnd(document: Document, stored: StoredRun): void {
    this.seq = stored.seq;
    this.status = stored.status;
    this.host.view(document.snapshot);
    this.actor = new CommittedActor(this.host.root, this);
    const { error, cancelled } = readMore(stored);
    this.#closed = new RunClosedError(this.id, whyOver(error, cancelled));
    this.context.forget(this);
  }

  // --- As the actor's owner

  relay(event: AnyEventObject): void {
    checkEvent(this.id, event);
    this.checkOpen();
    if (this.pausing.isPaused) return this.pausing.relay(event);
    const { refusal } = this.host.send(event);
    if (refusal !== undefined) throw refusal;
  }

  stop(): void {
    this.release().catch(this.context.logger);
  }

  // --- Turns

  get log(): TurnLog {
    return this.#log!;
  }

  get nextSeq(): number {
    return this.#log?.nextSeq ?? 0;
  }

  /** Is each turn's checkpoint kept? */
  get keepsEach(): boolean {
    return !this.replace && this.durability !== 'exit';
  }

  get fence(): number {
    return this.#log?.fence ?? 0;
  }

  get last(): Ended | undefined {
    return this.#log?.last;
  }

  /** Captures a turn at its end. False: nothing happened in it. */
  turnEnded(turn: Turn): boolean {
    if (this.#closed) throw this.#whyClosed;
    this.#capture.check(turn);
    const told = this.#told;
    const seq = this.nextSeq;
    const change = this.desk.questions.turnEnded(turn, told);
    try {
      return this.#capturing(turn, told, seq, change);
    } catch (error) {
      if (change) this.desk.questions.rewind(change);
      this.desk.outbox.rewind(turn, undefined);
      throw error;
    }
  }

  #capturing(turn: Turn, told: Told | undefined, seq: number, change: Change | undefined): boolean {
    const { kind } = turn.cause;
    const first = kind === 'start';
    const patches = first ? [] : this.#capture.changes(turn);
    if (!first && patches.length === 0 && turn.held.length === 0 && turn.taken !== true) return false;
    if (!first) this.#capture.addMoved(patches);
    const { snapshot } = this.host;
    const { value } = snapshot;
    const time = this.context.clock.now();
    // What may be refused comes first: a row that was made counts as written.
    const beside = writesBeside(this, turn, told, seq, change);
    this.standing.version = this.machine.version;
    const row = this.checkpoints.row(seq, time, causeOf(turn, told), value, patches, this.#capture.rich);
    const blobs = this.checkpoints.takeBlobs(row.base, this.replace);
    if (blobs) beside.push(blobs);
    if (this.desk.outbox.hasDone) beside.push({ drop: this.desk.outbox.takeDone() });
    const writes = beside.length > 0 ? mergeWrites(beside) : undefined;
    if (kind === 'cancel') this.standing.cancelled = { by: told?.by, reason: told?.reason };
    // Only now: an action of this turn is a part of what the run does.
    const status = this.standing.status;
    if (this.host.moved.length > 0) {
      turn.moved = this.host.moved;
      this.host.moved = [];
    }
    const waiters = this.#starting && [this.#starting];
    this.#starting = undefined;
    if (first) this.actor = new CommittedActor(this.host.root, this);
    this.#log!.add({
      turn,
      seq,
      row,
      writes,
      change,
      value,
      snapshot,
      status,
      told,
      waiters,
      isLetOut: false,
      isBusy: this.desk.outbox.isBusy,
      isOver: isEnd(status) && !this.desk.outbox.isBusy,
      touchedRoot: first || adopted(this.host.root).noted === turn,
      head: this.standing.changed(status, true),
    });
    return true;
  }

  show(ended: Ended): void {
    this.seq = ended.seq;
    this.status = ended.status;
    if (ended.touchedRoot) this.actor.show(ended.snapshot);
    if (ended.change) this.desk.committed(ended.change);
  }

  tell(ended: Ended): void {
    // Custom actions that were done at once are done by now.
    if (ended.isBusy && !this.desk.outbox.isBusy) this.#becomes(this.standing.status);
    if (ended.touchedRoot) this.actor.notify();
    if (ended.change) this.desk.answers.opened(ended.change);
  }

  takeBack(turns: readonly Ended[]): void {
    for (const { turn, change, writes } of turns.toReversed()) {
      if (change) this.desk.questions.rewind(change);
      this.desk.outbox.rewind(turn, writes?.drop);
    }
    this.host.rewind(turns.map(({ turn }) => turn));
    // What they were to tell the listing never came there.
    this.standing.forgetListed();
  }

  relayAgain({ told, turn }: Ended): Turn {
    return this.#say(told, () => this.host.run(turn.cause));
  }

  turn(target: LiveActor, event: AnyEventObject, told: Told): Turn {
    return this.#say(told, () => this.host.run({ kind: 'event', target, event }));
  }

  #say<T>(told: Told | undefined, run: () => T): T {
    const before = this.#told;
    this.#told = told;
    try {
      return run();
    } finally {
      this.#told = before;
    }
  }

  // --- Between turns

  /** Writes a row that changes nothing of what the run is doing. */
  keep(row: Row, waiter: Waiter): void {
    // What it does may have to be told all the same: that it came further.
    if (this.#closed || this.standing.isRecovered)
      this.record({ put: [row] }).then(
        () => waiter.resolve(undefined),
        (error: unknown) => waiter.reject(error),
      );
    else this.#log!.recordRow(row, waiter);
  }

  /** Writes rows that belong to no turn. Resolves when they are durable. */
  record(writes: Writes): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#whyClosed);
    const { outbox } = this.desk;
    const seq = this.nextSeq;
    const status = this.standing.status;
    const head = this.standing.changed(status, writes.put !== undefined);
    const drop = outbox.hasDone ? outbox.takeDone() : undefined;
    const all = drop ? mergeWrites([writes, { drop }]) : writes;
    return this.#log!.record(all, head).then(
      () => {
        // A turn that ended meanwhile says itself what the run does.
        if (this.nextSeq === seq) this.#becomes(status);
        this.progressed();
      },
      (error: unknown) => {
        // Nothing of it came there.
        this.standing.forgetListed();
        if (drop) outbox.giveBack(drop);
        throw error;
      },
    );
  }

  /** The status changes between turns, too; but not before the last one was let out. */
  #becomes(status: RunStatus): void {
    if (!this.#closed && this.seq === this.#log!.nextSeq - 1) this.status = status;
  }

  parked(): void {
    if (this.pausing.isPaused) this.pausing.look();
    else this.#refreshHead();
  }

  /** Tells the store what the run does, where that is another thing than it was told. */
  #refreshHead(): void {
    if (this.#closed || this.leaving) return;
    if (this.standing.isListedWrongly) this.#tellStore();
  }

  #tellStore(): void {
    this.record({}).catch((error: unknown) => {
      // Whoever closed it has said why.
      if (!this.#closed) this.context.logger(error);
    });
  }

  /**
   * Rows of the outbox go with the next commit. Where none comes within this job and the next, they go with one of their
   * own: a program that awaits each of its sends has its next turn by then.
   */
  actionDone(): void {
    this.#cleaning ??= setTimeout(() => {
      this.#cleaning = undefined;
      if (!this.#closed && !this.leaving && this.desk.outbox.hasDone) this.#tellStore();
      else this.progressed();
    }, 0);
  }

  // --- Effects

  /** Its share of the process is over: it is let go of as soon as nothing runs. */
  yield(): void {
    this.host.yields = true;
  }

  /** Somebody wants to have it here. */
  stay(): void {
    this.leavesAtRest = false;
    this.host.yields = false;
  }

  get yields(): boolean {
    return this.host.yields;
  }

  yielded(): void {
    // The rest of the turn is let out first.
    void Promise.resolve().then(() => this.release().catch(this.context.logger));
  }

  /** When it goes on by itself, in milliseconds since 1970. */
  get due(): number | undefined {
    return this.standing.due;
  }

  identify(effect: Effect): CurrentEffect {
    const { key } = effect;
    return { effectId: `${this.id}/${key}`, attempt: this.standing.attemptOf(key), fence: this.fence };
  }

  /** May something be done outside now? Asks the store where the lease may have ended. */
  mayAct(): boolean | Promise<boolean> {
    if (this.#closed) return false;
    return this.#log!.holds || this.#log!.regain();
  }

  journalOf(effect: Effect): Journal {
    return this.desk.journalOf(effect);
  }

  interrupted(effect: Effect, start: () => void): void {
    if (this.standing.isFinished(effect.key)) return;
    this.desk.interrupted(effect, this.standing.waited(effect.key), start);
  }

  act(held: Held & { readonly action: HeldAction }): void {
    this.desk.outbox.act(held, (error) => this.host.fail(held.action.actor, error));
  }

  skip(held: Held): void {
    this.desk.outbox.skip(held);
  }

  // --- Pausing

  putOff(late: Late): void {
    this.pausing.putOff(late);
  }

  deliverLate(late: Late, told: Told): void {
    this.#say(told, () => this.host.deliverLate(late));
  }

  get goesOn(): Promise<void> | undefined {
    return this.pausing.over;
  }

  /** A pause is over. */
  goesOnAgain(): void {
    this.#becomes(this.standing.status);
    this.progressed();
  }

  // --- What a user calls

  send(event: AnyEventObject, options?: SendOptions & Pick<Told, 'take'>): Promise<Receipt> {
    return this.#sends.send(event, options);
  }

  deliver(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt> {
    return this.#sends.deliver(target, event, told);
  }

  answer(input: string, value: unknown, { by, id }: AnswerOptions): Promise<Receipt> {
    try {
      if (!this.desk.questions.find(input)) parseQuestionId(input);
      if (id !== undefined) checkId('answer', id);
      if (by !== undefined && typeof by !== 'string')
        throw new InvalidArgumentError(`'by' names who answers, as a string.`);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.desk.answers.answer(input, value, { by, id });
  }

  drain(): Promise<void> {
    return this.desk.inbox.drain();
  }

  /** Delivers what waits in the inbox, unless that is under way. */
  drainIfIdle(): void {
    if (this.#closed || this.desk.inbox.isBusy) return;
    this.drain().catch((error: unknown) =>
      this.context.logger(`Savepoint could not deliver to run '${this.id}'; it is tried again.`, error),
    );
  }

  /** XState's `stop()`: children, delays and questions end, and no exit action runs. */
  async cancel(told: Told): Promise<void> {
    this.checkOpen();
    const cause = { kind: 'cancel', target: this.host.root, event: { type: 'xstate.stop' } } as const;
    const turn = this.#say(told, () => this.host.run(cause));
    if (turn.refusal !== undefined) throw turn.refusal;
    this.pausing.cancelled();
    await this.until(() => this.#closed !== undefined);
  }

  async waitForInput(): Promise<readonly PendingInput[]> {
    const { questions } = this.desk;
    await this.until(() => questions.pending.length > 0);
    return questions.pending;
  }

  settled(): Promise<void> {
    return this.until(() => (isEnd(this.status) && this.#isDurable) || this.isAtRest);
  }

  /** Can only time, a person or an event from outside go on, and is that committed? */
  get isAtRest(): boolean {
    const { outbox, inbox } = this.desk;
    return (
      !this.standing.quarantine &&
      this.#log!.isSettled &&
      isRest(this.status) &&
      // An effect that waited may work again before that is told.
      isRest(this.standing.status) &&
      this.pausing.isAtRest &&
      !outbox.hasDone &&
      !inbox.isBusy
    );
  }

  get #isDurable(): boolean {
    return this.#closed !== undefined || this.#log!.isDurable;
  }

  async done(): Promise<unknown> {
    await this.until(() => isEnd(this.status) && this.#isDurable);
    const { status, output, error } = this.actor.getSnapshot();
    if (status === 'done') return output;
    if (status === 'error') throw error;
    throw this.#closed ? this.#whyClosed : new RunClosedError(this.id, this.standing.why);
  }

  async *history(query?: HistoryQuery): AsyncGenerator<CheckpointInfo> {
    yield* (await loadReader()).readHistory(this.context, this.id, query);
  }

  async checkpoint(seq: number): Promise<Checkpoint> {
    return (await loadReader()).readCheckpoint(this.context, this.id, seq);
  }

  async flush(): Promise<void> {
    this.#log?.flush();
    await this.flushed();
  }

  /** Resolves when the turns so far are durable, however long that takes. */
  async flushed(): Promise<void> {
    const last = this.#closed ? undefined : this.#log!.last?.seq;
    // Fewer turns than there were may be left, where one was refused.
    if (last !== undefined) await this.until(() => this.#log!.committed >= last || this.#log!.isDurable);
  }

  async release({ grace = 0 }: ReleaseOptions = {}): Promise<void> {
    checkMs('grace', grace);
    if (!this.#closed) await this.#leaving.release(grace);
  }

  /** The rows of actions that are done go before the run does. */
  cleanUp(): void {
    clearTimeout(this.#cleaning);
    const { outbox } = this.desk;
    if (outbox.hasDone) this.#log!.record({ drop: outbox.takeDone() }).catch(() => {});
  }

  /** Closes the run without a word to the store: it was deleted, or never was. */
  discard(reason: string): void {
    this.#log?.close(new RunClosedError(this.id, reason));
  }

  get durability(): Durability {
    return this.identity.more.durability ?? this.context.durability;
  }

  /** Is only the newest checkpoint to be readable? */
  get replace(): boolean {
    return keepsNewestOnly(this.identity.more, this.context);
  }

  /** What may be deleted of it, where that is another than the runtime's. */
  get retention(): PrunePolicy | undefined {
    return this.identity.more.retention;
  }

  get starter(): string {
    return this.identity.more.starter;
  }

  /** The lease has ended, and the store does not answer. */
  leaseLost(): void {
    this.#log?.leaseLost();
  }

  /** Settles when the run has left this runtime; `undefined` while it is to stay. */
  get leaving(): Promise<void> | undefined {
    return this.#leaving.when;
  }

  /** Was it let go of before its end? Whoever comes then finds it elsewhere. */
  get isReleased(): boolean {
    return this.leaving !== undefined && !isEnd(this.status) && !this.standing.quarantine;
  }

  /** It cannot go on here, and the store was not told: there it is still ours. */
  get isAbandoned(): boolean {
    const isLost = this.#closed instanceof StoreError || this.#closed instanceof ConflictError;
    return isLost && this.#log !== undefined && this.#log.committed > 0;
  }

  /** Is something in flight? */
  get isRunning(): boolean {
    if (this.#closed) return false;
    return [this.status, this.standing.status].includes('running') || !this.pausing.isAtRest;
  }

  get #whyClosed(): Error {
    const error = errorOf(this.#closed!);
    this.#closed = error;
    return error;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  // --- Ends

  progressed(): void {
    this.#waiting.look();
    if (
      isEnd(this.status) &&
      !this.#closed &&
      this.#log!.isSettled &&
      !this.leaving &&
      !this.desk.outbox.isBusy
    )
      this.#leaving.giveUp();
    else if (this.leavesAtRest && !this.#closed && !this.leaving && this.isAtRest)
      this.release().catch(this.context.logger);
  }

  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    if (this.#closed) return Promise.reject(this.#whyClosed);
    return this.#waiting.until(holds);
  }

  /** Throws where the run takes nothing any more. */
  checkOpen(): void {
    if (this.#closed) throw this.#whyClosed;
    if (this.leaving) throw new RunClosedError(this.id, 'is being released');
    if (isEnd(this.status)) throw new RunClosedError(this.id, this.standing.why);
  }

  /** The store never takes a turn that nobody waits for. */
  refused({ turn: { cause } }: Ended, error: unknown): void {
    const { source } = cause;
    if (source && adopted(source).effect) this.host.fail(source, error);
    else this.failed(error);
  }

  /** Nothing can be told of the failure but the run itself. */
  failed(error: unknown): void {
    this.#leaving.quarantine(error);
  }

  closed(why: Why): void {
    if (this.#closed) return;
    this.#closed = why;
    clearTimeout(this.#cleaning);
    this.desk.close();
    this.host.close();
    this.#log?.close(why);
    this.progressed();
    this.#waiting.end(() => this.#whyClosed);
    this.context.forget(this);
  }
}

function causeOf({ cause }: Turn, told: Told | undefined): CheckpointCause {
  const { kind, source, target, event } = cause;
  const from = kind === 'actor' ? (source ?? target) : kind === 'start' ? undefined : target;
  return {
    type: kind,
    event: { type: event.type },
    id: told?.id,
    by: told?.by,
    actor: (from && actorPath(from)) || undefined,
  };
}

const definitions = new WeakMap<AnyStateMachine, Definition>();

function definitionOf(machine: AnyStateMachine): Definition {
  let definition = definitions.get(machine);
  if (!definition)
    definitions.set(machine, (definition = define(machine.id, machine.version, structureHash(machine))));
  return definition;
}
