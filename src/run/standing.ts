/** What a run is doing, and what the store's listing says of it. */
import { readMore, type More, type Paused, type RunIdentity } from './run-info.ts';
import type { Desk } from './desk.ts';
import type { Head, RunStatus, StoredRun } from '../store.ts';
import type { Host } from '../xstate/host.ts';

const ENDS: ReadonlySet<RunStatus> = new Set(['done', 'failed', 'cancelled', 'quarantined']);
const RESTS: ReadonlySet<RunStatus> = new Set(['paused', 'waitingForInput', 'sleeping', 'idle']);

/** Is a run over for good? */
export const isEnd = (status: RunStatus): boolean => ENDS.has(status);

/** Is it over, and not only until somebody takes it up again? */
export const isFinished = (status: RunStatus): boolean => isEnd(status) && status !== 'quarantined';

/** Can only time, a person or an event from outside go on with a run? */
export const isRest = (status: RunStatus): boolean => RESTS.has(status);

/** What is known of the effects of a run that nobody has open. */
type Kept = Pick<More, 'interrupted' | 'parked' | 'fresh'>;

/** The run that it is said of. */
interface StandingOwner {
  readonly host: Host;
  readonly desk: Desk;
}

export class Standing {
  cancelled: More['cancelled'];
  /** By whom and why it is paused. */
  paused: Paused | undefined;
  /** Of a run that is paused: when its time was last known to go on, by the clock. */
  lastSeen = 0;
  quarantine: More['error'];
  /** Of the machine that wrote the newest checkpoint. */
  version: string | undefined;
  /** What the store's listing says, once all turns are durable. */
  #listed: Pick<Head, 'status' | 'due' | 'version'> | undefined;
  /** How often the run was opened while it was running, since it came further. */
  #attempts = 0;
  /** How often each effect was started, for those that were cut off. */
  #started: Readonly<Record<string, number>> = {};
  #text: string | undefined;
  /** Effects that only waited when the run was left, or had not been started. */
  #parked: readonly string[] = [];
  /** Effects that are not started again, as their outcome waits in the inbox. */
  #finished: ReadonlySet<string> | undefined;
  /** Of a run that was paused when it was opened: what is known of its effects, until it goes on. */
  #kept: Kept | undefined;

  constructor(
    private readonly run: StandingOwner,
    private readonly identity: RunIdentity,
  ) {
    this.version = identity.machine.version;
  }

  /** As of the last turn that ended. */
  get status(): RunStatus {
    const { host, desk } = this.run;
    switch (host.snapshot.status) {
      case 'done':
        return 'done';
      case 'error':
        return 'failed';
      case 'stopped':
        return 'cancelled';
      case 'active':
    }
    if (this.paused) return 'paused';
    if (desk.outbox.isBusy) return 'running';
    let isSleeping = host.delays.size > 0;
    for (const { parkedUntil } of host.activeEffects()) {
      if (parkedUntil === undefined) return 'running';
      isSleeping = true;
    }
    if (desk.questions.isAsking) return 'waitingForInput';
    return isSleeping ? 'sleeping' : 'idle';
  }

  /** When the run goes on by itself, in milliseconds since 1970. */
  get due(): number | undefined {
    if (this.paused) return undefined;
    const { host } = this.run;
    let due = host.delays.next;
    for (const { parkedUntil = Infinity } of host.effects ?? [])
      if (parkedUntil < (due ?? Infinity)) due = parkedUntil;
    return due;
  }

  // --- Opening

  /**
   * Goes on from what was listed. The head that counts this attempt before it is made, where one is: the run was
   * running, or effects were cut off. One that is paused makes none before it goes on.
   */
  continueFrom(stored: StoredRun, lastSeen: number): Head | undefined {
    const more = readMore(stored);
    this.version = stored.version;
    this.#listed = stored;
    if (more.paused) {
      const { interrupted, parked, fresh } = more;
      this.#kept = { interrupted, parked, fresh };
      this.paused = more.paused;
      this.lastSeen = lastSeen;
      return undefined;
    }
    const wasRunning = stored.status === 'running';
    this.#attempts = wasRunning ? (more.attempts ?? 0) + 1 : 0;
    const stillParked = this.#take(more, new Set(more.finished));
    if (!wasRunning && Object.keys(this.#started).length === 0) return undefined;
    // What an effect slept for is not known before it has started: until then the run is due when it was.
    return { ...this.head(stored.status, { ...this.more, ...stillParked }), due: stored.due };
  }

  /** Counts the starts that are about to be made. */
  #take(
    { interrupted = {}, parked = [], fresh = [] }: Kept,
    finished: ReadonlySet<string>,
  ): Pick<More, 'parked'> {
    this.#parked = fresh.length > 0 ? [...parked, ...fresh] : parked;
    this.#finished = finished.size > 0 ? finished : undefined;
    const started: Record<string, number> = {};
    for (const { key } of this.run.host.activeEffects()) {
      const before = interrupted[key] ?? 1;
      started[key] = fresh.includes(key) || finished.has(key) ? before : before + 1;
    }
    this.#started = started;
    const stillParked = parked.filter((key) => key in started);
    return stillParked.length > 0 ? { parked: stillParked } : {};
  }

  /** Did an effect do nothing, or nothing but wait, when the run was left? */
  waited(effect: string): boolean {
    return this.#parked.includes(effect);
  }

  /** How often an effect was started. */
  attemptOf(effect: string): number {
    return (this.#kept ? this.#kept.interrupted?.[effect] : this.#started[effect]) ?? 1;
  }

  /** Does the outcome of an effect wait in the inbox? It is not started then. */
  isFinished(effect: string): boolean {
    return this.#finished?.has(effect) ?? false;
  }

  // --- Pausing

  get isPaused(): boolean {
    return this.paused !== undefined && this.run.host.isActive;
  }

  pause(paused: Paused): void {
    this.paused = paused;
    this.lastSeen = paused.at;
  }

  /**
   * Is about to go on, and start effects but those that have `finished`. Gives the head that says so, to be written before,
   * and what takes it back.
   */
  goOn(finished: ReadonlySet<string>): { readonly head: Head; readonly takeBack: () => void } {
    const { paused } = this;
    const kept = this.#kept;
    this.paused = this.#kept = undefined;
    let stillParked: Pick<More, 'parked'> = {};
    if (kept) stillParked = this.#take(kept, finished);
    else {
      const again: Record<string, number> = {};
      for (const { key, isSuspended } of this.run.host.activeEffects())
        if (isSuspended) again[key] = this.attemptOf(key) + 1;
      this.#started = { ...this.#started, ...again };
      this.#finished = finished;
    }
    const { status, due, version } = this;
    this.#listed = { status, due, version };
    const takeBack = (): void => {
      this.paused = paused;
      this.#kept = kept;
      this.forgetListed();
    };
    return { head: this.head(status, { ...this.more, ...stillParked }), takeBack };
  }

  // --- What the listing says

  /** Was the run opened while it was running, and has it come no further since? */
  get isRecovered(): boolean {
    return this.#attempts > 0;
  }

  /** Does it say something else than what is so? */
  get isListedWrongly(): boolean {
    return this.#listed?.status !== this.#written(this.status) || this.#listed.due !== this.due;
  }

  isListedAs(status: RunStatus): boolean {
    return this.#listed?.status === status;
  }

  /** What it was to say never came there. */
  forgetListed(): void {
    this.#listed = undefined;
  }

  /** What it is to say, where that is another thing than it says. `progress`: the run has come further. */
  changed(status: RunStatus, progress: boolean): Head | undefined {
    const written = this.#written(status);
    const due = this.due;
    const { version } = this;
    const listed = this.#listed;
    const counts = progress && this.#attempts > 0;
    if (written === listed?.status && due === listed.due && version === listed.version && !counts)
      return undefined;
    if (progress) this.#attempts = 0;
    this.#listed = { status: written, due, version };
    return this.head(status);
  }

  /** One that is at its end is not listed so before its last actions are done: whoever recovers runs must find it. */
  #written(status: RunStatus): RunStatus {
    return isEnd(status) && this.run.desk.outbox.isBusy ? 'running' : status;
  }

  head(status: RunStatus, more: More = this.more): Head {
    const { machine, tags, createdAt } = this.identity;
    const { quarantine: error } = this;
    return {
      machine: machine.id,
      version: this.version,
      status: error ? 'quarantined' : this.#written(status),
      due: isEnd(status) ? undefined : this.due,
      createdAt,
      tags,
      more: error ? JSON.stringify({ ...more, error }) : this.#textOf(more),
    };
  }

  /** Most runs have no more than they began with. */
  #textOf(more: More): string {
    if (more !== this.identity.more) return JSON.stringify(more);
    return (this.#text ??= JSON.stringify(more));
  }

  /** What it says that stores do not look at. */
  get more(): More {
    return this.isPaused ? this.leftAt(this.lastSeen) : this.#more();
  }

  #more(): More {
    let { more } = this.identity;
    if (this.#attempts > 0) more = { ...more, attempts: this.#attempts };
    if (this.cancelled) more = { ...more, cancelled: this.cancelled };
    if (this.#kept) return { ...more, ...this.#kept };
    if (!this.run.host.effects) return more;
    const interrupted: Record<string, number> = {};
    const parked: string[] = [];
    const finished: string[] = [];
    for (const { key, parkedUntil, isSuspended } of this.run.host.activeEffects()) {
      if (parkedUntil !== undefined || isSuspended) parked.push(key);
      if (key in this.#started) interrupted[key] = this.#started[key]!;
      if (this.isFinished(key)) finished.push(key);
    }
    if (Object.keys(interrupted).length > 0) more = { ...more, interrupted };
    if (finished.length > 0) more = { ...more, finished };
    return parked.length > 0 ? { ...more, parked } : more;
  }

  /** The same, as the run is left at a time when nothing of it goes on. */
  leftAt(now: number): More {
    const { moved } = this.run.host;
    const more = this.#more();
    const fresh = this.#kept ? [] : [...this.run.host.activeEffects()].filter(({ isFresh }) => isFresh);
    return {
      ...more,
      ...(this.isPaused && { paused: this.paused }),
      released: this.isPaused ? this.lastSeen : now,
      ...(moved.length > 0 && { moved: Object.fromEntries(moved.map(({ key, due }) => [key, due])) }),
      ...(fresh.length > 0 && { fresh: fresh.map(({ key }) => key) }),
    };
  }

  /** Why the run takes nothing any more, as a part of a sentence. */
  get why(): string {
    return whyOver(this.quarantine, this.cancelled);
  }
}

/** Why a run takes nothing any more, as a part of a sentence. */
export function whyOver(error: More['error'], cancelled: More['cancelled']): string {
  if (error) return `is quarantined (${error.name}: ${error.message})`;
  if (!cancelled) return 'is at its end';
  const { by, reason } = cancelled;
  return `was cancelled${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
}
