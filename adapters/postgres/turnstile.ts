/**
 * A line in front of the pool.
 *
 * @module
 */

/**
 * Lets so many through at a time, in the order in which they come. The connections that it keeps free are for what
 * must not wait in line: a lease that is renewed too late is lost, and with it all runs of its owner.
 */
export class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
