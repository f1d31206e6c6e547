/**
 * Calls that write and are not commits: those of one job share one transaction, and wait together where another process
 * is in the way. This process does other work meanwhile.
 *
 * @module
 */
import type { Connection } from './connection.ts';
import { isBusy, mayRetry } from './failure.ts';
import { pauseAfter, patience } from './patience.ts';

interface Call<TParts> {
  /** Until when it waits, once another process was in the way. */
  deadline: number | undefined;
  readonly work: (parts: TParts) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

export class Line<TParts extends { readonly connection: Connection }> {
  #calls: Call<TParts>[] = [];

  /** `opened` gives what the calls work with. */
  constructor(private readonly opened: () => TParts) {}

  add<T>(work: (parts: TParts) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#calls.push({ deadline: undefined, work, resolve, reject });
      if (this.#calls.length === 1) queueMicrotask(() => this.#run(0));
    });
  }

  #run(tries: number): void {
    let outcomes: readonly Outcome[];
    try {
      outcomes = this.#write();
    } catch (error) {
      if (isBusy(error)) return this.#wait(error, tries);
      outcomes = this.#calls.map(() => ({ error }));
    }
    const calls = this.#calls;
    this.#calls = [];
    for (const [at, { resolve, reject }] of calls.entries()) {
      const outcome = outcomes[at]!;
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.result as never);
    }
  }

  /** Each for its own time, whoever else stands in the line. */
  #wait(busy: unknown, tries: number): void {
    const now = performance.now();
    this.#calls = this.#calls.filter((call) => {
      call.deadline ??= now + patience;
      if (now < call.deadline) return true;
      call.reject(busy);
      return false;
    });
    if (this.#calls.length > 0) setTimeout(() => this.#run(tries + 1), pauseAfter(tries));
  }

  #write(): readonly Outcome[] {
    const parts = this.opened();
    const { connection } = parts;
    const calls = this.#calls;
    return connection.withoutWaiting(() =>
      connection.write(() => {
        const [only] = calls;
        if (calls.length === 1 && only) return [{ result: only.work(parts) }];
        return calls.map(({ work }) => apart(connection, () => work(parts)));
      }),
    );
  }
}

/** What one call does within the transaction of several: if it fails, nothing of it stays, and the others go on. */
function apart(connection: Connection, work: () => unknown): Outcome {
  try {
    return { result: connection.within(work) };
  } catch (error) {
    if (mayRetry(error)) throw error;
    return { error };
  }
}
