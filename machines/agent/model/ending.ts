/**
 * When a call must end: it took too long, or nobody needs it any more. `AbortSignal.any` with `AbortSignal.timeout` would
 * keep all that listens to it, which is most of a call, until the time is over.
 */
export class Ending {
  readonly #controller = new AbortController();
  readonly #stop = (): void => this.#controller.abort(this.#outer.reason);
  readonly #outer: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;
  /** Fails when the signal says so, also where a provider does not listen to it. */
  readonly aborted: Promise<never>;

  constructor(outer: AbortSignal, timeout: number) {
    this.#outer = outer;
    this.aborted = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason as Error), { once: true });
    });
    outer.addEventListener('abort', this.#stop, { once: true });
    this.#timer = setTimeout(
      () => this.#controller.abort(new Error('It took too long.')),
      Math.min(timeout, 2 ** 31 - 1),
    );
    if (outer.aborted) this.#stop();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It is over. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#stop);
  }
}
