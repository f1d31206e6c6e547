/** Does one thing after the other: what comes first is done first, however long it takes. */
export class InOrder {
  #last: Promise<void> | undefined;

  constructor(
    /** Called when nothing is left to do. */
    private readonly done: () => void,
  ) {}

  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  do<T>(work: () => Promise<T>): Promise<T> {
    const mine = (this.#last ?? Promise.resolve()).then(work);
    // What fails keeps nothing behind it from being done.
    const over: Promise<void> = mine.then(
      () => this.#over(over),
      () => this.#over(over),
    );
    this.#last = over;
    return mine;
  }

  #over(last: Promise<void>): void {
    if (this.#last !== last) return;
    this.#last = undefined;
    this.done();
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#last) await this.#last;
  }
}
