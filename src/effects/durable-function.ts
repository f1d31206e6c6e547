/** What a durable function is given, and what its steps are given. */
import type { AnyActorRef, PromiseActorRef } from 'xstate';
import type { RetryOptions } from './retry.ts';

/** The argument of the function of `fromDurable`. */
export interface DurableArgs<TInput> {
  readonly input: TInput;
  /** Runs a named piece of work whose result is journaled. */
  readonly step: Step;
  /** Stable over restarts and retries: an idempotency key. */
  readonly effectId: string;
  /** Rises by one each time the function is started anew. 1 the first time. */
  readonly attempt: number;
  /** Aborted when the actor is stopped, or its run is released. */
  readonly signal: AbortSignal;
  readonly self: PromiseActorRef<unknown>;
  readonly system: AnyActorRef['system'];
}

/** The argument of the function of a step. */
export interface StepArgs {
  /** The effect's id, `/`, and the step's name. Stable over restarts and retries: an idempotency key. */
  readonly effectId: string;
  /** Counts the tries of this step. A try that a crash cut off counts once, with the one that takes its place. */
  readonly attempt: number;
  /** Aborted when the step's time is out, its actor is stopped, or its run is released. */
  readonly signal: AbortSignal;
  /** Emits `{ type: 'progress', step, value }` on the actor. It is not journaled. */
  readonly progress: (value: unknown) => void;
}

/** What may be said about a step. */
export interface StepOptions {
  /** How a try that failed is repeated. Without it, the first failure is final. */
  readonly retry?: RetryOptions | undefined;
  /** How long one try may take, in milliseconds. Then its signal is aborted, and it fails with a `StepTimeoutError`. */
  readonly timeout?: number | undefined;
}

/** What the schema of a question takes for an answer: a Standard Schema's output. */
type AnswerTo<TQuestion> = TQuestion extends {
  readonly schema: {
    readonly '~standard': { readonly types?: { readonly output: infer TAnswer } | undefined };
  };
}
  ? TAnswer
  : unknown;

/**
 * The steps of a durable function.
 *
 * Name each step. When the function runs again after a crash, it must come to the steps that are journaled in the
 * same order, but for those that run beside each other: they are found by name. Two of one name are numbered in the
 * order in which they are called: `charge`, `charge#2`.
 *
 * All of them reject with `InvalidArgumentError` for a name that is empty or no well-formed text, with
 * `JournalMismatchError` where the journal does not fit the code any more, and with the reason of the effect's signal
 * once that is aborted.
 */
export interface Step {
  /**
   * Runs `fn` and journals its result: from then on it is not run again. An error that is not retried is journaled as
   * well; at a replay it comes back with its name, message and properties, but not as an instance of its class.
   *
   * @example
   * const receipt = await step('charge', ({ effectId }) => pay(input.amount, effectId), { retry: { limit: 5 } });
   *
   * @throws NotSerializableError where the result cannot be stored. Nothing is journaled then.
   */
  <TResult>(
    name: string,
    fn: (args: StepArgs) => TResult | PromiseLike<TResult>,
    options?: StepOptions,
  ): Promise<TResult>;
  /** Waits so many milliseconds from the first time it is called, also over restarts, and at any length. */
  sleep(name: string, ms: number): Promise<void>;
  /** Waits until a time, given as a Date or in milliseconds by the clock of the run. */
  sleepUntil(name: string, time: Date | number): Promise<void>;
  /** Asks a person, and gives the answer. Rejects with `InputExpiredError` past the question's deadline. */
  waitForInput<const TQuestion>(name: string, question: TQuestion): Promise<AnswerTo<TQuestion>>;
}
