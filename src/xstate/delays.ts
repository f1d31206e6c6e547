/**
 * The delays of one actor system: `after`, delayed `raise` and delayed `sendTo`.
 *
 * Takes the place of XState's scheduler, which keeps its timers in memory, measures them with
 * `Date.now()` under any clock, and hands a delay over 2^31 ms to a timer that fires it at once.
 */
import type { AnyEventObject } from 'xstate';
import type { LiveActor } from './insider.ts';

/**
 * XState's `Clock`, with the time it shows. It rules delays; leases go by monotonic time. XState's
 * `SimulatedClock` is one.
 */
export interface Clock {
  /** Milliseconds; since 1970 for the default clock. */
  now(): number;
  setTimeout(fn: (...args: never[]) => void, timeout: number): unknown;
  clearTimeout(id: never): void;
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
const LONGEST = 2 ** 31 - 1;

export class Delays {
  readonly #bySource = new Map<LiveActor, Map<string, Delay>>();
  readonly #timers = new Map<Delay, unknown>();
  #lastKey = 0;

  constructor(
    private readonly clock: Clock,
    private readonly fire: (delay: Delay) => void,
  ) {}

  get size(): number {
    return this.#timers.size;
  }

  /** All pending delays, in no order that matters. */
  all(): Iterable<Delay> {
    return this.#timers.keys();
  }

  /** When the next one is due, by the clock. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.#timers.keys()) if (next === undefined || due < next) next = due;
    return next;
  }

  /** A new delay, not pending yet. */
  create(source: LiveActor, target: LiveActor, event: AnyEventObject, delay: number, id?: string): Delay {
    const key = ++this.#lastKey;
    return { key, source, target, event, delay, id: id ?? `#${key}`, due: this.clock.now() + delay };
  }

  get(source: LiveActor, id: string): Delay | undefined {
    return this.#bySource.get(source)?.get(id);
  }

  of(source: LiveActor): Iterable<Delay> {
    return this.#bySource.get(source)?.values() ?? [];
  }

  /** Makes one pending that is due already, and that somebody else fires. */
  addDue(delay: Delay): void {
    this.#list(delay);
    this.#timers.set(delay, undefined);
  }

  /** Makes it pending. One with the id of a pending one takes its name; XState lets both fire. */
  add(delay: Delay): void {
    this.#list(delay);
    this.#arm(delay);
  }

  #list(delay: Delay): void {
    this.#lastKey = Math.max(this.#lastKey, delay.key);
    let ids = this.#bySource.get(delay.source);
    if (!ids) this.#bySource.set(delay.source, (ids = new Map()));
    const named = ids.get(delay.id);
    if (named && named !== delay) ids.set(`${delay.id}#${named.key}`, named);
    ids.set(delay.id, delay);
  }

  /** Makes it pending no more. */
  remove(delay: Delay): void {
    this.clock.clearTimeout(this.#timers.get(delay) as never);
    this.#timers.delete(delay);
    const ids = this.#bySource.get(delay.source);
    for (const [id, other] of ids ?? []) if (other === delay) ids!.delete(id);
    if (ids?.size === 0) this.#bySource.delete(delay.source);
  }

  has(delay: Delay): boolean {
    return this.#timers.has(delay);
  }

  /** Stops the timers; what is pending stays listed. */
  disarm(): void {
    for (const timer of this.#timers.values()) this.clock.clearTimeout(timer as never);
  }

  #arm(delay: Delay): void {
    const wait = Math.max(0, delay.due - this.clock.now());
    const timer = this.clock.setTimeout(
      () => (wait > LONGEST ? this.#arm(delay) : this.fire(delay)),
      Math.min(wait, LONGEST),
    );
    this.#timers.set(delay, timer);
  }
}
