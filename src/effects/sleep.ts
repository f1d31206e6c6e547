/** Waiting by a clock for a time that may be further away than a timer reaches. */
import { type Clock, LONGEST_TIMEOUT } from '../xstate/delays.ts';

/** The time in `ms` milliseconds, as one that can be journaled: without an end is long enough. */
export const timeIn = (clock: Clock, ms: number): number =>
  Math.min(clock.now() + ms, Number.MAX_SAFE_INTEGER);

/** A timer that can be stopped. */
export class Alarm {
  #timer: unknown;

  /** Calls `ring` when `due` is reached by the clock. */
  constructor(
    private readonly clock: Clock,
    private readonly due: number,
    private readonly ring: () => void,
  ) {
    this.#set();
  }

  stop(): void {
    this.clock.clearTimeout(this.#timer);
  }

  #set(): void {
    const wait = Math.max(0, this.due - this.clock.now());
    this.#timer = this.clock.setTimeout(
      () => (wait > LONGEST_TIMEOUT ? this.#set() : this.ring()),
      Math.min(wait, LONGEST_TIMEOUT),
    );
  }
}
