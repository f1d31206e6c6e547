/** Prunes again and again, as a runtime's `retention` says. */
import { unref } from '../unref.ts';
import { Prune, type PruneContext } from './prune.ts';
import type { PrunePolicy } from './retention.ts';

/** How long after one round the next begins, in milliseconds at least, and as a multiple of what the round took. */
const REST = 10_000;
const SHARE = 9;

export class KeepingUp {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(
    private readonly runtime: Omit<PruneContext, 'goesOn'>,
    private readonly policy: PrunePolicy,
  ) {
    this.#later(0);
  }

  #later(ms: number): void {
    this.#timer = unref(setTimeout(() => void this.#round(), ms));
  }

  async #round(): Promise<void> {
    const begun = performance.now();
    try {
      await new Prune({ ...this.runtime, goesOn: () => !this.#isOver }).by(this.policy, true);
    } catch (error) {
      if (!this.#isOver) this.runtime.context.logger('Savepoint could not prune; it is tried again.', error);
    }
    if (!this.#isOver) this.#later(Math.max(REST, (performance.now() - begun) * SHARE));
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
