/** The calls of an effect that are under way, and which of them do nothing but wait. */
import type { Journal } from './journal.ts';
import type { StepCall } from './step-call.ts';

export class InFlight {
  // Not a set: most functions have one call at a time, and may have many thousands of them.
  readonly #calls: StepCall[] = [];
  #parked = 0;
  #isOver = false;

  constructor(private readonly journal: Pick<Journal, 'park'>) {}

  get size(): number {
    return this.#calls.length;
  }

  add(call: StepCall): void {
    call.place = this.#calls.push(call) - 1;
    if (this.#parked > 0) this.#tell();
  }

  leave(call: StepCall): void {
    const last = this.#calls.pop()!;
    if (last !== call) {
      this.#calls[call.place] = last;
      last.place = call.place;
    }
    if (call.parkedUntil !== undefined) this.unpark(call);
    else if (this.#parked > 0) this.#tell();
  }

  /** From now on a call does nothing but wait until then. */
  park(call: StepCall, until: number): void {
    if (call.parkedUntil === until) return;
    if (call.parkedUntil === undefined) this.#parked++;
    call.parkedUntil = until;
    this.#tell();
  }

  /** It works again. */
  unpark(call: StepCall): void {
    if (call.parkedUntil === undefined) return;
    call.parkedUntil = undefined;
    this.#parked--;
    this.#tell();
  }

  /** Cuts off all of them, and tells the journal nothing more. */
  stop(why: (call: StepCall) => unknown): void {
    this.#isOver = true;
    for (const call of [...this.#calls]) call.stop(why(call));
  }

  /** The effect waits where each of its calls does. */
  #tell(): void {
    if (this.#isOver) return;
    const isParked = this.#parked > 0 && this.#parked === this.#calls.length;
    this.journal.park(isParked ? Math.min(...this.#calls.map((call) => call.parkedUntil!)) : undefined);
  }
}
