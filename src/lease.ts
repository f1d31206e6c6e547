/** This runtime as an owner of runs: its lease, renewed every third of it, and whether it still holds. */
import { unref } from './unref.ts';
import { LONGEST_TIMEOUT } from './xstate/delays.ts';
import type { Awaitable, Store } from './store.ts';

export class Lease {
  readonly owner: string = crypto.randomUUID();
  #until = 0;
  #term = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    private readonly ms: number,
    private readonly logger: (...args: unknown[]) => void,
    /** The lease has ended, and the store does not answer. */
    private readonly lost: () => void,
  ) {}

  /**
   * Does the lease hold, as far as this process knows? Measured on monotonic time from the *sending* of
   * the last renewal, so that it is never longer here than in the store.
   */
  get holds(): boolean {
    return performance.now() < this.#until;
  }

  /**
   * Rises with each renewal that may have come after the lease had ended: somebody else may have taken runs in between.
   * Whoever wants to be sure of a run compares it with what it was when the run was last known to be held.
   */
  get term(): number {
    return this.#term;
  }

  /** Sees to it that the lease holds. At once where it does, or where the store answers at once. */
  ensure(): Awaitable<void> {
    this.#timer ??= unref(
      setInterval(() => void this.#renewInTime(), Math.min(this.ms / 3, LONGEST_TIMEOUT)),
    );
    if (!this.holds) return this.#renew();
  }

  /** No run is held: the lease may end by itself. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Gives up the owner and all that it holds. */
  end(): Awaitable<void> {
    const { holds } = this;
    this.rest();
    this.#until = 0;
    if (holds) return this.store.lease(this.owner, 0);
  }

  #renew(): Awaitable<void> {
    if (this.#renewing) return this.#renewing;
    const sent = performance.now();
    const renewed = this.store.lease(this.owner, this.ms);
    if (!(renewed instanceof Promise)) return this.#renewed(sent);
    this.#renewing = renewed
      .then(() => this.#renewed(sent))
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  #renewed(sent: number): void {
    if (!this.holds) this.#term++;
    this.#until = sent + this.ms;
  }

  async #renewInTime(): Promise<void> {
    if (this.#renewing && !this.holds) return this.lost();
    try {
      await this.#renew();
    } catch (error) {
      this.logger('Savepoint could not renew its lease; it is tried again before it ends.', error);
    }
  }
}
