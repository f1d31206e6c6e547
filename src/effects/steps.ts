/** The steps of one effect: runs what is not finished yet, journals it, and gives what was journaled before. */
import { checkMs } from '../check-options.ts';
import { InputExpiredError, InterruptedError, InvalidArgumentError } from '../errors.ts';
import type { Step, StepArgs, StepOptions } from './durable-function.ts';
import { FirstTry, type FirstTryOwner } from './first-try.ts';
import { InFlight } from './in-flight.ts';
import type { Journal } from './journal.ts';
import type { StepProgress } from './progress.ts';
import { Replay } from './replay.ts';
import { checkRetry, retryDelay } from './retry.ts';
import { timeIn } from './sleep.ts';
import { type Effect, StepCall } from './step-call.ts';
import { type Entry, entryText, type Finished, isFinished, resultText } from './step-entry.ts';
import { decodeError, encodeError } from './step-error.ts';
import { encodeName } from './step-name.ts';

type Work<TResult> = (args: StepArgs) => TResult | PromiseLike<TResult>;

const noOptions: StepOptions = {};

export class Steps {
  /** The function to call steps by. */
  readonly step: Step;
  readonly #journal: Journal;
  readonly #effect: Effect;
  /** Where something was journaled before. */
  readonly #replay: Replay | undefined;
  /** How often each name was called. */
  readonly #counts = new Map<string, number>();
  readonly #inFlight: InFlight;
  readonly #owner: FirstTryOwner;
  #calls = 0;
  /** What the effect fails with, whatever its function makes of it: a mismatch, or a journal that takes no more. */
  #failure: { readonly error: unknown } | undefined;
  /** The function has ended, or was cut off: nothing starts, and nothing is written. */
  #over: 'ended' | { readonly reason: unknown } | undefined;

  constructor(
    journal: Journal,
    journaled: ReadonlyMap<string, string> | undefined,
    emit: (event: StepProgress) => void,
  ) {
    const { effectId, fence, clock } = journal;
    this.#journal = journal;
    this.#effect = { effectId, fence, clock, emit };
    this.#inFlight = new InFlight(journal);
    this.#owner = {
      journal,
      textOf: (call, result) => this.#textOf(call, result),
      leave: (call) => this.#inFlight.leave(call),
      failedBy: (error) => this.#failedBy(error),
    };
    this.#replay = journaled && new Replay(effectId, journaled);
    const run: <TResult>(name: string, work: Work<TResult>, options?: StepOptions) => Promise<TResult> = (
      name,
      work,
      options = noOptions,
    ) => {
      try {
        checkWork(work, options);
        const call = this.#open(name);
        return (call.promise = this.#perform(call, work, options)) as Promise<never>;
      } catch (error) {
        return this.#refuse(error);
      }
    };
    this.step = Object.assign(run, {
      sleep: (name: string, ms: number) => this.#sleep(name, 'ms', ms),
      sleepUntil: (name: string, time: Date | number) => this.#sleep(name, 'time', time),
      waitForInput: (name: string, question: unknown) => this.#ask(name, question) as Promise<never>,
    });
  }

  /** Cuts off what is in flight. */
  abort(reason: unknown): void {
    this.#close({ reason });
  }

  /**
   * The function has ended. Throws what the effect fails with instead, where it does: `cause` is what the function
   * itself failed with.
   */
  end(cause?: unknown): void {
    if (this.#over) return;
    // A branch that lost a race may still have come to what is left.
    const left = this.#inFlight.size === 0 ? this.#replay?.left : undefined;
    this.#close('ended');
    if (this.#failure) throw this.#failure.error;
    if (left && cause !== undefined) left.cause = cause;
    if (left) throw left;
  }

  #close(over: 'ended' | { readonly reason: unknown }): void {
    if (this.#over) return;
    this.#over = over;
    this.#inFlight.stop(({ name }) => this.#whyOver(name));
  }

  #whyOver(name: string): unknown {
    return this.#over === 'ended'
      ? new InvalidArgumentError(`The step '${name}' outlived its function. Await every step.`)
      : this.#over?.reason;
  }

  /** Throws where no step may start. */
  #mayStart(name: string): void {
    if (this.#over) throw this.#whyOver(name);
    if (this.#failure) throw this.#failure.error;
  }

  /** Notes a call, in the order in which they come. */
  #open(name: string): StepCall {
    const encoded = encodeName(name);
    this.#mayStart(name);
    const count = (this.#counts.get(encoded) ?? 0) + 1;
    this.#counts.set(encoded, count);
    const key = count === 1 ? encoded : `${encoded}#${count}`;
    const number = ++this.#calls;
    let entry: Entry | undefined;
    try {
      entry = this.#replay?.take(key, number);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
    const call = new StepCall(this.#effect, name, key, number, this.#inFlight.size > 0 ? 1 : 0, entry);
    this.#inFlight.add(call);
    return call;
  }

  /** A call that comes to nothing. The effect's own end is no failure that somebody must have looked at. */
  #refuse(error: unknown): Promise<never> {
    const refused = Promise.reject(error);
    if (this.#over || this.#failure) refused.catch(() => {});
    return refused;
  }

  #perform<TResult>(call: StepCall, work: Work<TResult>, options: StepOptions): Promise<unknown> {
    const { paused } = this.#journal;
    const isFirst = call.entry === undefined && paused === undefined && this.#journal.mayAct() === true;
    return isFirst ? this.#performFirst(call, work, options) : this.#performAgain(call, work, options);
  }

  #performFirst<TResult>(call: StepCall, work: Work<TResult>, options: StepOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        call.tried();
        resolve(this.#performSecond(call, work, options, error));
      };
      try {
        const result = call.try(1, work, options.timeout);
        const first = new FirstTry(this.#owner, call, resolve, reject);
        Promise.resolve(result).then((value) => first.succeed(value), fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  async #performSecond<TResult>(
    call: StepCall,
    work: Work<TResult>,
    options: StepOptions,
    error: unknown,
  ): Promise<unknown> {
    try {
      return await this.#tryFrom(await this.#failed(call, options, 1, error), call, work, options);
    } finally {
      this.#inFlight.leave(call);
    }
  }

  /** A step that was come to before, or cannot start at once. */
  async #performAgain<TResult>(call: StepCall, work: Work<TResult>, options: StepOptions): Promise<unknown> {
    try {
      const { entry } = call;
      if (isFinished(entry)) return await this.#recall(entry);
      if (entry?.state !== 'retry') return await this.#tryFrom(1, call, work, options);
      await this.#wait(call, entry.due);
      return await this.#tryFrom(entry.value as number, call, work, options);
    } finally {
      this.#inFlight.leave(call);
    }
  }

  async #tryFrom<TResult>(
    attempt: number,
    call: StepCall,
    work: Work<TResult>,
    options: StepOptions,
  ): Promise<unknown> {
    for (;;) {
      if (this.#journal.paused) await this.#waitForRun(call);
      const mayAct = this.#journal.mayAct();
      if (mayAct !== true) {
        if (!(await mayAct)) this.#lost(call);
        // That took its time.
        this.#mayStart(call.name);
        if (this.#journal.paused) await this.#waitForRun(call);
      }
      let result: TResult;
      try {
        result = await call.try(attempt, work, options.timeout);
        call.tried();
      } catch (error) {
        call.tried();
        attempt = await this.#failed(call, options, attempt, error);
        continue;
      }
      await this.#finish(call, result);
      return result;
    }
  }

  /** Waits until the next try may begin, and gives its number. Throws where there is to be none. */
  async #failed(call: StepCall, { retry }: StepOptions, attempt: number, error: unknown): Promise<number> {
    this.#mayWrite(call);
    const delay = retryDelay(retry, attempt, error);
    if (delay === undefined) return await this.#giveUp(call, error);
    const due = timeIn(this.#effect.clock, delay);
    const next = attempt + 1;
    this.#inFlight.park(call, due);
    await this.#write(call, entryText(call, 'retry', `${next},${due}`));
    await this.#wait(call, due);
    return next;
  }

  #sleep(name: string, by: 'ms' | 'time', given: unknown): Promise<void> {
    try {
      const { clock } = this.#effect;
      let due: number;
      if (by === 'ms') {
        checkMs('ms', given);
        due = timeIn(clock, given as number);
      } else {
        due = Math.min(Number(given), Number.MAX_SAFE_INTEGER);
        if (Number.isNaN(due) || !(typeof given === 'number' || given instanceof Date))
          throw new InvalidArgumentError(
            `'time' is a Date or a number of milliseconds; it was ${String(given)}.`,
          );
      }
      const call = this.#open(name);
      const promise = this.#sleepUntil(call, due);
      call.promise = promise;
      return promise;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async #sleepUntil(call: StepCall, due: number): Promise<void> {
    try {
      const { entry } = call;
      if (isFinished(entry)) return void (await this.#recall(entry));
      const until = entry?.state === 'sleep' ? (entry.value as number) : due;
      if (until > this.#effect.clock.now()) {
        this.#inFlight.park(call, until);
        if (until !== entry?.value) await this.#write(call, entryText(call, 'sleep', `${until}`));
        await this.#wait(call, until);
      }
      if (this.#journal.paused) await this.#waitForRun(call);
      await this.#finish(call, undefined);
    } finally {
      this.#inFlight.leave(call);
    }
  }

  #ask(name: string, question: unknown): Promise<unknown> {
    try {
      const call = this.#open(name);
      return (call.promise = this.#answerTo(call, question));
    } catch (error) {
      return this.#refuse(error);
    }
  }

  async #answerTo(call: StepCall, question: unknown): Promise<unknown> {
    try {
      if (isFinished(call.entry)) return await this.#recall(call.entry);
      if (this.#journal.paused) await this.#waitForRun(call);
      let answer: unknown;
      try {
        const known = call.entry?.state === 'ask' ? (call.entry.value as string) : undefined;
        const entry = (id: string): string => entryText(call, 'ask', JSON.stringify(id));
        const name = encodeName(call.given);
        this.#inFlight.park(call, Infinity);
        answer = await call.try(
          1,
          ({ signal }) => this.#journal.ask({ name, key: call.key, known, entry, question, signal }),
          undefined,
        );
        call.tried();
      } catch (error) {
        call.tried();
        // What else goes wrong is no outcome of the question: it may be asked again.
        if (error instanceof InputExpiredError) return await this.#giveUp(call, error);
        throw error;
      }
      await this.#finish(call, answer);
      return answer;
    } finally {
      this.#inFlight.leave(call);
    }
  }

  async #recall({ state, value }: Finished): Promise<unknown> {
    if (state === 'done') return value;
    if (state === 'rich') return this.#journal.decode(value as string);
    throw await decodeError(this.#journal, value as string);
  }

  async #wait(call: StepCall, due: number): Promise<void> {
    if (due > this.#effect.clock.now() && !this.#over) {
      this.#inFlight.park(call, due);
      await call.wait(due);
    }
    this.#inFlight.unpark(call);
    this.#mayStart(call.name);
  }

  /** What the run is paused for has no part in it: it is due now, as far as that goes. */
  async #waitForRun(call: StepCall): Promise<void> {
    this.#inFlight.park(call, this.#effect.clock.now());
    for (let { paused } = this.#journal; paused && !this.#over; { paused } = this.#journal)
      await call.waitFor(paused);
    this.#inFlight.unpark(call);
    this.#mayStart(call.name);
  }

  #finish(call: StepCall, result: unknown): Promise<void> {
    return this.#write(call, this.#textOf(call, result));
  }

  #textOf(call: StepCall, result: unknown): string {
    this.#mayWrite(call);
    return result === undefined
      ? entryText(call, 'done')
      : resultText(call, this.#journal.encode(result, call));
  }

  async #giveUp(call: StepCall, error: unknown): Promise<never> {
    this.#mayWrite(call);
    const encoded = encodeError(this.#journal, error, call);
    await this.#write(call, entryText(call, 'failed', JSON.stringify(encoded)));
    throw error;
  }

  /** Somebody else has the run: nothing of it is done here any more. */
  #lost({ name }: StepCall): never {
    this.#mayStart(name);
    throw new InterruptedError(this.#effect.effectId);
  }

  #mayWrite(call: StepCall): void {
    if (this.#over) throw this.#whyOver(call.name);
  }

  #write(call: StepCall, text: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#journal.write(call.key, text, {
        resolve: () => resolve(),
        reject: (error) => reject(this.#failedBy(error)),
      }),
    );
  }

  /** A journal that takes no more is what the effect fails with. */
  #failedBy(error: unknown): unknown {
    this.#failure ??= { error };
    return error;
  }
}

function checkWork(work: unknown, { retry, timeout }: StepOptions): void {
  if (typeof work !== 'function')
    throw new InvalidArgumentError(`A step has a function that does its work; it was ${String(work)}.`);
  if (retry) checkRetry(retry);
  if (timeout !== undefined) checkMs('timeout', timeout);
}
