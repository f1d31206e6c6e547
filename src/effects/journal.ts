/**
 * What is kept of one effect between its start and its outcome, and what an effect may ask of the run that it
 * belongs to. A run gives its effects a journal in the store; without a run there is one in memory.
 */
import type { Clock } from '../xstate/delays.ts';

/** What errors name by a path. */
export interface Named {
  /** The beginning of a path. Made when it is asked for. */
  readonly path: string;
}

/** Is told when an entry is durable, or that it never will be. Not a promise: a function may have many thousands of steps. */
export interface Written {
  resolve(value?: unknown): void;
  reject(error: unknown): void;
}

export interface Journal {
  /** Stable over restarts and retries: an idempotency key. */
  readonly effectId: string;
  /** Rises by one each time the effect is started anew. 1 the first time. */
  readonly attempt: number;
  /** By which the outside can refuse what a lost holder still does. Rises each time the run is taken. */
  readonly fence: number;
  /** Rules sleeping and backoff. */
  readonly clock: Clock;
  /** Is the run still ours, so that a step may begin? What it does outside is done by nobody else then. */
  mayAct(): boolean | Promise<boolean>;
  /** While the run is paused: resolves when it goes on. Until then no step begins. */
  readonly paused: Promise<void> | undefined;
  /** What is journaled, by key; `undefined`: nothing can be. Read once, when the effect starts. */
  read(): Promise<ReadonlyMap<string, string>> | undefined;
  /** Writes an entry, in place of what has the same key. */
  write(key: string, value: string, waiter: Written): void;
  /**
   * Encodes what steps give: as JSON where that brings back an equal value, else as a text that begins with `=`,
   * which no JSON does. Throws `NotSerializableError`, naming the step by its `path`.
   */
  encode(value: unknown, step: Named): string;
  decode(text: string): Promise<unknown>;
  /** Opens a question below the effect, or finds the one that it opened before. Rejects with `InputExpiredError`. */
  ask(request: StepQuestion): Promise<unknown>;
  /** The effect does nothing but wait, until then by the clock (`Infinity`: for a person); `undefined`: it works again. */
  park(until: number | undefined): void;
}

/** A question in the middle of a function. */
export interface StepQuestion {
  /** The name of the step, in its encoded form: a part of the question's id. */
  readonly name: string;
  /** The step's key in the journal. */
  readonly key: string;
  /** The id of the question, where it was opened before. */
  readonly known: string | undefined;
  /** The entry that says so. */
  readonly entry: (id: string) => string;
  readonly question: unknown;
  readonly signal: AbortSignal;
}
