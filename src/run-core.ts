/** What is behind a `Run`: the host of its actors, the log of its turns, and those who wait for it. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import type { Codec } from './checkpoint/codec.ts';
import { Checkpoints } from './checkpoint/checkpoints.ts';
import { define, type CheckpointCause, type Definition } from './checkpoint/envelope.ts';
import type { Committer } from './committer.ts';
import { EventNotAcceptedError, InvalidArgumentError, RunClosedError } from './errors.ts';
import type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
import { loadReader } from './load-reader.ts';
import type { Lease } from './lease.ts';
import type { Receipt, ReleaseOptions, SendOptions } from './run.ts';
import { readMore, type More } from './run-info.ts';
import { checkMs } from './check-options.ts';
import { checkId } from './ids.ts';
import type { Awaitable, CheckpointRow, Head, Row, RunStatus, Store, StoredRun } from './store.ts';
import { storable } from './storable.ts';
import { TurnLog, type Durability, type Ended, type TurnLogOwner, type Waiter } from './turn-log.ts';
import { actorPath } from './xstate/actor-path.ts';
import { adopted } from './xstate/adopted.ts';
import { Capture, type Document } from './xstate/capture.ts';
import { CommittedActor } from './xstate/committed-actor.ts';
import { LONGEST_TIMEOUT, type Clock } from './xstate/delays.ts';
import { Host, type HostOwner, type Inspect } from './xstate/host.ts';
import type { DelayPolicies } from './xstate/restore.ts';
import { structureHash } from './xstate/structure.ts';
import { acceptedEvents, isWaitingForInput } from './xstate/asking.ts';
import type { Turn } from './xstate/turn.ts';

/** What all runs of a runtime share. */
export interface RunContext {
  readonly store: Store;
  readonly lease: Lease;
  readonly committer: Committer;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly replace: boolean;
  readonly durability: Durability;
  readonly delays: DelayPolicies;
  readonly inspect: Inspect | undefined;
  readonly logger: (...args: unknown[]) => void;
  /** The run has left this runtime. */
  forget(core: RunCore): void;
}

/** What a run is resumed from. */
export interface Restored {
  /** In which its actors came back: holds their effects. */
  readonly turn: Turn;
  /** That wrote the newest base. */
  readonly definition: Definition;
  readonly stored: StoredRun;
  readonly rows: readonly CheckpointRow[];
  /** The hashes of the blobs that the rows refer to. */
  readonly blobs: ReadonlySet<string>;
  readonly fence: number;
}

export interface RunIdentity {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly more: More;
}

const ENDS: ReadonlySet<RunStatus> = new Set(['done', 'failed', 'cancelled', 'quarantined']);
const WAITS: ReadonlySet<RunStatus> = new Set(['paused', 'waitingForInput', 'sleeping', 'idle']);

/** Is the run over for good? */
export const isEnd = (status: RunStatus): boolean => ENDS.has(status);

/** Somebody who waits for something to hold. */
interface Waiting {
  holds(): boolean;
  resolve(): void;
  reject(error: unknown): void;
}

export class RunCore implements HostOwner, TurnLogOwner {
  readonly id: string;
  readonly machine: AnyStateMachine;
  actor!: CommittedActor;
  seq = 0;
  status: RunStatus = 'idle';
  readonly host: Host;
  readonly checkpoints: Checkpoints;
  readonly #capture: Capture;
  readonly #definition: Definition;
  /** Of the machine that wrote the newest checkpoint. */
  #version: string | undefined;
  #log!: TurnLog;
  /** What the store's listing says, once all turns are durable. */
  #listed: { readonly status: RunStatus; readonly due: number | undefined } | undefined;
  #starting: Waiter | undefined;
  #told: SendOptions | undefined;
  #closed: Error | undefined;
  #releasing: Promise<void> | undefined;
  #waiting: Waiting[] = [];
  /** Event ids on their way into the store. */
  #sending: Map<string, Promise<Receipt>> | undefined;
  /** Sends that wait for the store to say whether an id was used. */
  #queue: Promise<unknown> | undefined;
  #quarantine: { readonly name: string; readonly message: string } | undefined;

  constructor(
    readonly context: RunContext,
    private readonly identity: RunIdentity,
  ) {
    const { id, machine } = identity;
    this.id = id;
    this.machine = machine;
    this.host = new Host(this);
    this.#capture = new Capture(this.host, context.codec);
    this.#definition = definitionOf(machine);
    this.#version = machine.version;
    this.checkpoints = new Checkpoints(context.codec, this.#definition, this.#capture);
  }

  // --- Beginnings

  /** Starts a new run. Resolves when its first checkpoint is durable. */
  async start(input: unknown): Promise<void> {
    this.#log = new TurnLog(this, 0, 1);
    const durable = new Promise<number | undefined>((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    durable.catch(() => {});
    try {
      this.host.start(input);
    } catch (error) {
      this.closed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    await durable;
  }

  /** Goes on from what was read. */
  resume({ turn, definition, stored, rows, blobs, fence }: Restored): void {
    const changed =
      definition !== this.#definition && JSON.stringify(definition) !== JSON.stringify(this.#definition);
    this.checkpoints.continueFrom(rows, blobs, changed);
    this.#log = new TurnLog(this, stored.seq, fence);
    this.seq = stored.seq;
    this.status = stored.status;
    this.#version = stored.version;
    this.actor = new CommittedActor(this.host.root, this);
    this.host.release(turn, { holds: true });
  }

  /** Shows a run that is over: nothing runs, nothing is held. */
  showEnd(document: Document, stored: StoredRun): void {
    this.seq = stored.seq;
    this.status = stored.status;
    this.host.view(document.snapshot);
    this.actor = new CommittedActor(this.host.root, this);
    const error = readMore(stored.more).error;
    this.#closed = new RunClosedError(this.id, error ? quarantined(error) : 'is at its end');
    this.context.forget(this);
  }

  // --- As the actor's owner

  relay(event: AnyEventObject): void {
    this.#check(event);
    if (this.#closed || this.#releasing) throw this.#closedNow();
    const { refusal } = this.host.send(event);
    if (refusal !== undefined) throw refusal;
  }

  stop(): void {
    this.release().catch(this.context.logger);
  }

  // --- Turns

  /** Captures a turn at its end. False: nothing happened in it. */
  turnEnded(turn: Turn): boolean {
    if (this.#closed) throw this.#closedNow();
    const first = turn.cause.kind === 'start';
    this.#capture.check(turn);
    const patches = first ? [] : this.#capture.changes(turn);
    if (!first && patches.length === 0 && turn.held.length === 0 && turn.taken !== true) return false;
    if (!first) this.#capture.addMoved(patches);
    const { snapshot } = this.host;
    const { value } = snapshot;
    const time = this.context.clock.now();
    const seq = this.#log.nextSeq;
    const told = this.#told;
    const row = this.checkpoints.row(seq, time, causeOf(turn, told), value, patches, this.#capture.rich);
    const blobs = this.checkpoints.takeBlobs(row.base, this.context.replace);
    const id = told?.id;
    const event: Row | undefined =
      id === undefined ? undefined : { kind: 'event', key: id, value: String(seq) };
    const status = this.#statusNow();
    const due = this.host.delays.next;
    this.#version = this.machine.version;
    const headChanged = status !== this.#listed?.status || due !== this.#listed.due;
    if (headChanged) this.#listed = { status, due };
    if (this.host.moved.length > 0) {
      turn.moved = this.host.moved;
      this.host.moved = [];
    }
    const waiters = this.#starting && [this.#starting];
    this.#starting = undefined;
    if (first) this.actor = new CommittedActor(this.host.root, this);
    this.#log.add({
      turn,
      seq,
      row,
      event,
      blobs,
      value,
      snapshot,
      status,
      told,
      waiters,
      touchedRoot: first || adopted(this.host.root).noted === turn,
      head: headChanged ? this.#headNow(status) : undefined,
    });
    return true;
  }

  show(ended: Ended): void {
    this.seq = ended.seq;
    this.status = ended.status;
    if (ended.touchedRoot) this.actor.show(ended.snapshot);
  }

  tell(ended: Ended): void {
    if (ended.touchedRoot) this.actor.notify();
  }

  takeBack(turns: readonly Turn[]): void {
    this.host.rewind(turns);
    // What they were to tell the listing never came there.
    this.#listed = undefined;
  }

  relayAgain({ told, turn }: Ended): Turn {
    return this.#say(told, () => this.host.run(turn.cause));
  }

  #say<T>(told: SendOptions | undefined, run: () => T): T {
    const before = this.#told;
    this.#told = told;
    try {
      return run();
    } finally {
      this.#told = before;
    }
  }

  #statusNow(): RunStatus {
    const { root, delays, hasEffects } = this.host;
    const { status } = this.host.snapshot;
    if (status === 'done') return 'done';
    if (status === 'error') return 'failed';
    if (status === 'stopped') return 'cancelled';
    if (hasEffects) return 'running';
    if (isWaitingForInput(root)) return 'waitingForInput';
    return delays.size > 0 ? 'sleeping' : 'idle';
  }

  #headNow(status: RunStatus, more: More = this.identity.more): Head {
    const { machine, tags, createdAt } = this.identity;
    return {
      machine: machine.id,
      version: this.#version,
      status: this.#quarantine ? 'quarantined' : status,
      due: isEnd(status) ? undefined : this.host.delays.next,
      createdAt,
      tags,
      more: JSON.stringify(this.#quarantine ? { ...more, error: this.#quarantine } : more),
    };
  }

  // --- What a user calls

  send(event: AnyEventObject, given?: SendOptions): Promise<Receipt> {
    try {
      this.#check(event);
      const options = given ?? {};
      const { id, by = '' } = options;
      if (typeof by !== 'string')
        throw new InvalidArgumentError(`'by' names who sends an event, as a string.`);
      if (id !== undefined) return this.#sendOnce(id, event, options);
      if (this.#queue) return this.#inOrder([], () => this.#deliver(event, options));
      return this.#deliver(event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #deliver(event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    if (this.#closed || this.#releasing) return Promise.reject(this.#closedNow());
    // Sent by a guard or an assigner: it gets a turn of its own, as soon as this one is over.
    if (this.host.isInTurn) return Promise.resolve().then(() => this.#deliver(event, options));
    return this.#put(event, options);
  }

  #put(event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    const turn = this.#say(options, () => this.host.send(event));
    if (turn.refusal !== undefined) return Promise.reject(turn.refusal);
    const ended = this.#log.last;
    if (ended?.turn !== turn) return this.#ignored(event, options);
    return new Promise((resolve, reject) => {
      const done = (seq: number | undefined): void =>
        resolve(seq === undefined ? this.#ignored(event, options) : { delivered: true, accepted: true, seq });
      (ended.waiters ??= []).push({ resolve: done, reject });
    });
  }

  /** Nothing took it; that, too, is true only once the turns before it are. Without them, it may be taken. */
  async #ignored(event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    const { id, required } = options;
    const accepted = acceptedEvents(this.host.root);
    const before = this.durability === 'sync' ? this.#log.last : undefined;
    const receipt = await (before &&
      new Promise<Receipt | undefined>((resolve, reject) => {
        const again = (): void => resolve(this.#put(event, options));
        (before.waiters ??= []).push({ resolve: () => resolve(undefined), reject, again });
      }));
    if (receipt) return receipt;
    if (id !== undefined) this.#sending?.delete(id);
    if (required) throw new EventNotAcceptedError(this.id, event.type, accepted);
    return { delivered: true, accepted: false };
  }

  #sendOnce(id: string, event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    checkId('event', id);
    const known = this.#sending?.get(id);
    if (known) return known;
    const used = this.context.store.rows(this.id, 'event', { key: id });
    const deliver = ([receipt]: readonly Pick<Row, 'value'>[]): Promise<Receipt> =>
      receipt
        ? Promise.resolve({ delivered: true, accepted: true, seq: Number(receipt.value) })
        : this.#deliver(event, options);
    const receipt = used instanceof Promise || this.#queue ? this.#inOrder(used, deliver) : deliver(used);
    const sending = (this.#sending ??= new Map());
    sending.set(id, receipt);
    const forget = (): void => void sending.delete(id);
    // Until it is durable, the store does not know it.
    receipt.then(() => this.flushed().then(forget, forget), forget);
    return receipt;
  }

  /** Sends keep their order, also where the store has to be asked first. */
  #inOrder<T>(lookup: Awaitable<T>, deliver: (found: T) => Promise<Receipt>): Promise<Receipt> {
    let delivered!: Promise<Receipt>;
    // The next goes on when this one has been put to the actors, not when it is durable.
    const put = async (): Promise<void> => {
      const found = await lookup;
      delivered = deliver(found);
      delivered.catch(() => {});
    };
    const mine = (this.#queue ?? Promise.resolve()).then(put);
    const over = (): void => {
      if (this.#queue === mine) this.#queue = undefined;
    };
    this.#queue = mine;
    mine.then(over, over);
    return mine.then(() => delivered);
  }

  #check(event: unknown): void {
    if (typeof event !== 'object' || event === null || typeof (event as { type?: unknown }).type !== 'string')
      throw new InvalidArgumentError(
        `An event is an object with a type, such as { type: 'approve' }; run '${this.id}' was sent ${describeValue(event)}.`,
      );
  }

  settled(): Promise<void> {
    return this.#when(
      () => isEnd(this.status) || (!this.#quarantine && this.#log.isSettled && WAITS.has(this.status)),
    );
  }

  async done(): Promise<unknown> {
    await this.#when(() => isEnd(this.status) && (this.#closed !== undefined || this.#log.isDurable));
    const { status, output, error } = this.actor.getSnapshot();
    if (status === 'done') return output;
    if (status === 'error') throw error;
    throw this.#closedNow();
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
    const last = this.#closed ? undefined : this.#log.last?.seq;
    if (last !== undefined) await this.#when(() => this.#log.committed >= last || this.#log.isDurable);
  }

  async release({ grace = 0 }: ReleaseOptions = {}): Promise<void> {
    checkMs('grace', grace);
    if (!this.#closed) await (this.#releasing ??= this.#release(grace));
  }

  async #release(grace: number): Promise<void> {
    const closed = new RunClosedError(this.id, 'was released; open it again with runtime.open()');
    this.host.startsEffects = false;
    if (grace > 0 && this.host.isBusy) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise<void>(
        (resolve) => (timer = setTimeout(resolve, Math.min(grace, LONGEST_TIMEOUT))),
      );
      await Promise.race([over, this.#when(() => !this.host.isBusy && this.#log.isSettled)]).catch(() => {});
      clearTimeout(timer);
    }
    this.host.abortEffects();
    const { moved } = this.host;
    const more = {
      ...this.identity.more,
      released: this.context.clock.now(),
      moved: moved.length > 0 ? Object.fromEntries(moved.map(({ key, due }) => [key, due])) : undefined,
    };
    if (!this.#closed) await this.#log.release(() => this.#headNow(this.#statusNow(), more));
    this.closed(closed);
  }

  /** Closes the run without a word to the store: it was deleted, or never was. */
  discard(reason: string): void {
    this.#log?.close(new RunClosedError(this.id, reason));
  }

  get durability(): Durability {
    return this.identity.more.durability ?? this.context.durability;
  }

  get starter(): string {
    return this.identity.more.starter;
  }

  /** The lease has ended, and the store does not answer. */
  leaseLost(): void {
    this.#log.leaseLost();
  }

  /** Settles when the run has left this runtime; `undefined` while it is to stay. */
  get leaving(): Promise<void> | undefined {
    return this.#releasing;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  // --- Ends

  progressed(): void {
    if (this.#waiting.length > 0)
      this.#waiting = this.#waiting.filter((one) => {
        if (one.holds()) one.resolve();
        else return true;
        return false;
      });
    if (isEnd(this.status) && !this.#closed && this.#log.isSettled && !this.#releasing) void this.#giveUp();
  }

  /** A run at its end needs no owner. */
  async #giveUp(): Promise<void> {
    this.#releasing = this.#log.release(() => undefined);
    try {
      await this.#releasing;
    } catch (error) {
      if (!this.#closed) this.context.logger(error);
    }
    const error = this.#quarantine;
    this.closed(new RunClosedError(this.id, error ? quarantined(error) : 'is at its end'));
  }

  #when(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ holds, resolve, reject });
    });
  }

  #closedNow(): Error {
    return this.#closed ?? new RunClosedError(this.id, 'is being released');
  }

  /** The store never takes a turn that nobody waits for. */
  refused({ turn: { cause } }: Ended, error: unknown): void {
    const { source } = cause;
    if (source && adopted(source).effect) this.host.fail(source, error);
    else this.failed(error);
  }

  /** Nothing can be told of the failure but the run itself. */
  failed(error: unknown): void {
    if (this.#quarantine || this.#closed) return;
    const { name, message } = storable(error);
    this.#quarantine = { name, message };
    this.context.logger(`Savepoint put run '${this.id}' into quarantine.`, error);
    this.host.close();
    this.#releasing = this.#log.release(() => this.#headNow('quarantined'));
    const close = (): void => {
      this.status = 'quarantined';
      this.closed(new RunClosedError(this.id, quarantined({ name, message })));
    };
    this.#releasing.then(close, close);
  }

  closed(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    this.host.close();
    this.#log.close(error);
    this.progressed();
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting = [];
    this.context.forget(this);
  }
}

const quarantined = ({ name, message }: { readonly name: string; readonly message: string }): string =>
  `is quarantined (${name}: ${message})`;

function causeOf({ cause }: Turn, told: SendOptions | undefined): CheckpointCause {
  const { kind, source, target, event } = cause;
  const from = kind === 'actor' ? (source ?? target) : kind === 'delay' ? target : undefined;
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

const describeValue = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `an object without a type`
    : `${typeof value} ${String(value)}`;
