const late = Symbol('savepoint.lateSignal');

interface Shown {
  readonly [late]: LateSignal;
}

// One for all: an object that has a getter of its own making is a slow one.
const shown: PropertyDescriptor & ThisType<Shown> = {
  get() {
    return this[late].signal;
  },
  enumerable: true,
};

/**
 * An AbortSignal that is made when somebody asks for it: most functions never do, and it costs more than all else that they
 * are given.
 */
export class LateSignal {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #listener: ((reason: unknown) => void) | undefined;

  /** One that is aborted with another. */
  static after(signal: AbortSignal): LateSignal {
    const late = new LateSignal();
    if (signal.aborted) late.abort(signal.reason);
    else signal.addEventListener('abort', () => late.abort(signal.reason), { once: true });
    return late;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Makes it a property of an object, that is its own. */
  showOn(object: object): void {
    Object.defineProperty(object, late, { value: this });
    Object.defineProperty(object, 'signal', shown);
  }

  get isAborted(): boolean {
    return this.#aborted !== undefined;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason;
  }

  /** Tells one listener, before those of the signal. */
  onAbort(listener: (reason: unknown) => void): void {
    this.#listener = listener;
  }

  abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#listener?.(reason);
    this.#controller?.abort(reason);
  }
}
