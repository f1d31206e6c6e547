/** One call of a step, from its call to its end, and one try of its work. */
import { StepTimeoutError } from '../errors.ts';
import type { Clock } from '../xstate/delays.ts';
import { runFor, type CurrentEffect } from './ambient.ts';
import type { StepArgs } from './durable-function.ts';
import type { StepProgress } from './progress.ts';
import { LateSignal } from './late-signal.ts';
import { Alarm, timeIn } from './sleep.ts';
import type { Entry, Place } from './step-entry.ts';
import { decodeName } from './step-name.ts';

/** What a call needs of its effect. */
export interface Effect {
  readonly effectId: string;
  readonly fence: number;
  readonly clock: Clock;
  readonly emit: (event: StepProgress) => void;
}

const ignore = (): void => {};

export class StepCall implements Place {
  /** What the caller was given. */
  promise: Promise<unknown> | undefined;
  /** Among those that are under way. */
  place = 0;
  /** Set while it does nothing but wait until then. */
  parkedUntil: number | undefined;
  #try: StepTry | undefined;
  #alarm: Alarm | undefined;
  #stopWaiting: ((reason: unknown) => void) | undefined;

  constructor(
    readonly effect: Effect,
    /** The step's name, as it was given. */
    readonly given: string,
    /** The same, encoded, with its number. */
    readonly key: string,
    readonly call: number,
    readonly overlapped: 0 | 1,
    /** What was journaled of it before. */
    readonly entry: Entry | undefined,
  ) {}

  get name(): string {
    return decodeName(this.key);
  }

  /** The beginning of a path that names the step. */
  get path(): string {
    return `step('${this.key}')`;
  }

  /** Runs the work once, for as long as `timeout` says. `tried()` is to follow. */
  try<TResult>(
    attempt: number,
    work: (args: StepArgs) => TResult | PromiseLike<TResult>,
    timeout: number | undefined,
  ): TResult | PromiseLike<TResult> {
    const one = (this.#try = new StepTry(this, attempt));
    return timeout === undefined ? runFor(one, work, one) : this.#within(timeout, one, work);
  }

  /** What it came to is there: there is nothing to cut off. */
  tried(): void {
    this.#try = undefined;
  }

  #within<TResult>(
    timeout: number,
    one: StepTry,
    work: (args: StepArgs) => TResult | PromiseLike<TResult>,
  ): Promise<TResult> {
    const { clock } = this.effect;
    return new Promise<TResult>((resolve, reject) => {
      this.#alarm = new Alarm(clock, timeIn(clock, timeout), () => {
        const error = new StepTimeoutError(this.name, timeout);
        reject(error);
        one.abort(error);
      });
      // Not resolve(work(one)): it would wait for the work, and hear of no timeout any more.
      Promise.resolve(runFor(one, work, one as StepArgs)).then(resolve, reject);
    }).finally(() => this.#alarm?.stop());
  }

  /** Waits until it is `due`. Rejects when it is stopped. */
  wait(due: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = reject;
      this.#alarm = new Alarm(this.effect.clock, due, resolve);
    });
  }

  /** Waits for something else. Rejects when it is stopped. */
  waitFor(something: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = reject;
      void something.then(resolve);
    });
  }

  /** Cuts it off. Whoever does not look at it any more need not take this for a failure. */
  stop(reason: unknown): void {
    this.promise?.catch(ignore);
    this.#alarm?.stop();
    this.#stopWaiting?.(reason);
    this.#try?.abort(reason);
  }
}

/** What the work of a step is given. Most of it is made when it is asked for: most steps never do. */
class StepTry implements StepArgs, CurrentEffect {
  readonly attempt: number;
  readonly #call: StepCall;
  #late: LateSignal | undefined;

  constructor(call: StepCall, attempt: number) {
    this.#call = call;
    this.attempt = attempt;
  }

  get effectId(): string {
    const { effect, key } = this.#call;
    return `${effect.effectId}/${key}`;
  }

  get fence(): number {
    return this.#call.effect.fence;
  }

  get signal(): AbortSignal {
    return (this.#late ??= new LateSignal()).signal;
  }

  get progress(): (value: unknown) => void {
    const { effect, name } = this.#call;
    return (value) => {
      if (!this.#late?.isAborted) effect.emit({ type: 'progress', step: name, value });
    };
  }

  abort(reason: unknown): void {
    (this.#late ??= new LateSignal()).abort(reason);
  }
}
