/**
 * The delays of one actor system: `after`, delayed `raise` and delayed `sendTo`.
 *
 * Takes the place of XState's scheduler, which keeps its timers in memory, measures them with
 * `Date.now()` under any clock, and hands a delay over 2^31 ms to a timer that fires it at once.
 */
import type { ActorOptions, AnyActorLogic, AnyEventObject } from 'xstate';
import type { LiveActor, LiveScheduler } from './insider.ts';

/**
 * XState's `Clock`, with the time it shows. It rules delays; leases go by monotonic time. XState's
 * `SimulatedClock` is one.
 */
export interface Clock extends NonNullable<ActorOptions<AnyActorLogic>['clock']> {
  /** Milliseconds; since 1970 for the default clock. */
  now(): number;
}

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, timeout) => setTimeout(fn, timeout),
  clearTimeout: (id) => clearTimeout(id),
};

/** One pending delay. */
export interface Delay {
  /** Its key in the stored state; rises with each delay of a run. */
  readonly key: number;
  readonly source: LiveActor;
  readonly target: LiveActor;
  readonly event: AnyEventObject;
  /** As it was scheduled, in milliseconds. */
  readonly delay: number;
  /** XState's id of the send, by which `cancel` finds it. */
  readonly id: string;
  /** When it is due, by the clock, in milliseconds. */
  readonly due: number;
}

// The longest delay that browsers' and Node's timers take.
export const LONGEST_TIMEOUT: number = 2 ** 31 - 1;

/** Who is told of delays. */
export interface DelayOwner {
  /** It is due. */
  fire(delay: Delay): void;
  /** It became pending, in the turn that is going on. */
  delayAdded(delay: Delay): void;
  /** It is no longer pending, by the turn that is going on. */
  delayRemoved(delay: Delay): void;
}

/** Stands where XState has its scheduler. */
export class Delays implements LiveScheduler {
  // Most systems have no delay, and there may be many systems: no maps before the first.
  #bySource: Map<LiveActor, Map<string, Delay>> | undefined;
  #timers: Map<Delay, unknown> | undefined;
  #lastKey = 0;
  #isArmed = true;
  readonly #clock: Clock;
  readonly #owner: DelayOwner;

  constructor(clock: Clock, owner: DelayOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  // --- As XState calls it

  schedule(source: LiveActor, target: LiveActor, event: AnyEventObject, delay: number, id?: string): void {
    const added = this.make(source, target, event, delay, id);
    this.add(added);
    this.#owner.delayAdded(added);
  }

  cancel(source: LiveActor, id: string): void {
    const delay = this.#bySource?.get(source)?.get(id);
    if (delay) this.end(delay);
  }

  cancelAll(source: LiveActor): void {
    const ids = this.#bySource?.get(source);
    if (ids) for (const delay of [...ids.values()]) this.end(delay);
  }

  // --- As the host calls it

  get size(): number {
    return this.#timers?.size ?? 0;
  }

  /** One that is not pending yet. */
  make(source: LiveActor, target: LiveActor, event: AnyEventObject, delay: number, id?: string): Delay {
    const key = this.#lastKey + 1;
    // One without an end, too, is stored as a number.
    const wait = Math.min(delay, Number.MAX_SAFE_INTEGER);
    const due = Math.min(this.#clock.now() + wait, Number.MAX_SAFE_INTEGER);
    return { key, source, target, event, delay: wait, id: id ?? `#${key}`, due };
  }

  /** Makes it pending no more, by the turn that is going on. */
  end(delay: Delay): void {
    this.remove(delay);
    this.#owner.delayRemoved(delay);
  }

  /** All pending delays, in no order that matters. */
  all(): Iterable<Delay> {
    return this.#timers?.keys() ?? [];
  }

  /** When the next one is due, by the clock. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.all()) if (next === undefined || due < next) next = due;
    return next;
  }

  /** Makes one pending that is due already, and that somebody else fires. */
  addDue(delay: Delay): void {
    this.#list(delay);
    (this.#timers ??= new Map()).set(delay, undefined);
  }

  /** Makes it pending. One with the id of a pending one takes its name; XState lets both fire. */
  add(delay: Delay): void {
    this.#list(delay);
    this.#arm(delay);
  }

  /** Makes some pending again. Those that are due at the same time still come in the order in which they were set. */
  giveBack(delays: readonly Delay[]): void {
    for (const delay of delays) this.add(delay);
    const dues = new Set(delays.map(({ due }) => due));
    const equal = [...this.all()].filter(
      (delay) => dues.has(delay.due) && this.#timers!.get(delay) !== undefined,
    );
    for (const delay of equal.toSorted((a, b) => a.key - b.key)) {
      this.#clock.clearTimeout(this.#timers!.get(delay));
      this.#arm(delay);
    }
  }

  #list(delay: Delay): void {
    this.#lastKey = Math.max(this.#lastKey, delay.key);
    const sources = (this.#bySource ??= new Map());
    let ids = sources.get(delay.source);
    if (!ids) sources.set(delay.source, (ids = new Map()));
    const named = ids.get(delay.id);
    if (named && named !== delay) ids.set(`${delay.id}#${named.key}`, named);
    ids.set(delay.id, delay);
  }

  /** Makes it pending no more. */
  remove(delay: Delay): void {
    this.#clock.clearTimeout(this.#timers?.get(delay));
    this.#timers?.delete(delay);
    const ids = this.#bySource?.get(delay.source);
    for (const [id, other] of ids ?? []) if (other === delay) ids!.delete(id);
    if (ids?.size === 0) this.#bySource?.delete(delay.source);
  }

  has(delay: Delay): boolean {
    return this.#timers?.has(delay) ?? false;
  }

  /** Stops the timers; what is pending, or becomes so, is only listed. */
  disarm(): void {
    this.#isArmed = false;
    for (const timer of this.#timers?.values() ?? []) this.#clock.clearTimeout(timer);
  }

  /** Sets the timers again. Gives those that are due, which somebody else is to fire. */
  arm(): Delay[] {
    this.#isArmed = true;
    const due = this.due(this.#clock.now());
    for (const delay of this.all()) if (!due.includes(delay)) this.#arm(delay);
    return due;
  }

  /** Those that are due at a time, in the order in which they are. */
  due(time: number): Delay[] {
    return [...this.all()]
      .filter(({ due }) => due <= time)
      .toSorted((a, b) => a.due - b.due || a.key - b.key);
  }

  /** Makes one due at another time, in place of what it was. */
  move(delay: Delay, due: number): Delay {
    this.remove(delay);
    const moved = { ...delay, due };
    this.add(moved);
    return moved;
  }

  #arm(delay: Delay): void {
    if (!this.#isArmed) return void (this.#timers ??= new Map()).set(delay, undefined);
    const wait = Math.max(0, delay.due - this.#clock.now());
    const timer = this.#clock.setTimeout(
      () => {
        // A clock that is moved by hand may have gone past it in one move.
        const isEarly = wait > LONGEST_TIMEOUT && delay.due > this.#clock.now();
        if (isEarly) this.#arm(delay);
        else this.#owner.fire(delay);
      },
      Math.min(wait, LONGEST_TIMEOUT),
    );
    (this.#timers ??= new Map()).set(delay, timer);
  }
}
