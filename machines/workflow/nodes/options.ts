/** What each type of node takes. */
import type { AnyActorLogic, InputFrom } from 'xstate';
import type {
  DurableArgs,
  InputQuestion,
  InterruptPolicy,
  RetryOptions,
  StandardSchema,
} from '../../../src/index.ts';
import type { JoinMode } from '../graph/definition.ts';
import type { Iteration } from '../run/plan.ts';
import type { ItemArgs } from '../work/map-work.ts';
import type { Given } from './entries.ts';

/** What becomes of a flow when one of its nodes fails. */
export type ErrorPolicy = 'fail' | 'skip' | 'route';

/** What all nodes take. */
export interface NodeOptions<I, N, A extends readonly string[], W, P extends ErrorPolicy> {
  /** The nodes that it comes after, by id, or by `id:route`. It starts when all are decided, and is skipped when all are. */
  readonly after?: A;
  /** Whether it is needed at all. Where not, it is skipped, and with it what comes after it alone. */
  readonly when?: (given: Given<I, N, A>) => W;
  /**
   * What happens when it fails. `fail` (default): the flow fails. `skip`: it counts as skipped. `route`: what comes after
   * `id:error` goes on, and what comes after `id` is skipped.
   */
  readonly onError?: P;
}

/** What nodes take that work. */
export interface WorkingOptions {
  /** How often, and when, it is tried again. */
  readonly retry?: RetryOptions;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout?: number;
  /** What becomes of its work when a crash cuts it off. Default: it runs again, without the steps that are finished. */
  readonly onInterrupt?: InterruptPolicy;
  /** Nothing of its work is stored before its end: cut off, it starts afresh. */
  readonly ephemeral?: boolean;
  /** Keeps what it came to, for when it, or a node with the same name here, is given the same input again in this run. */
  readonly cache?: boolean | string;
}

/** How a node is undone when the flow fails later: the last one that was done comes first. */
export interface UndoOptions<I, TOutput> {
  /** Undoes what the node did, whose output it is given. Its steps are journaled. */
  readonly compensate?: (args: DurableArgs<{ readonly input: I; readonly output: TOutput }>) => unknown;
}

/** Work by a function. */
export interface FunctionWork<I, N, A extends readonly string[], TIn, TOut> {
  /** What it is given. Default: nothing. */
  readonly input?: (given: Given<I, N, A>) => TIn;
  /** An async function with journaled steps, as for `fromDurable`. */
  readonly run: (args: DurableArgs<TIn>) => TOut | PromiseLike<TOut>;
}

/** Work by actor logic. `input` is required where the logic needs one. */
export type LogicWork<I, N, A extends readonly string[], TLogic extends AnyActorLogic> = {
  /** Any actor logic that has an end: `fromDurable(…)`, `fromPromise(…)`, a machine. */
  readonly run: TLogic;
} & LogicInput<I, N, A, TLogic>;

type LogicInput<I, N, A extends readonly string[], TLogic extends AnyActorLogic> =
  undefined extends InputFrom<TLogic>
    ? { readonly input?: (given: Given<I, N, A>) => InputFrom<TLogic> }
    : { readonly input: (given: Given<I, N, A>) => InputFrom<TLogic> };

/** A choice: the first of its routes that is true is taken. */
export interface ChoiceOptions<I, N, A extends readonly string[], R extends string> {
  /** In order. What comes after `id:route` of another route is skipped. `true` for what is taken else. */
  readonly routes: { readonly [K in R]: true | ((given: Given<I, N, A>) => boolean) };
}

/** A join. */
export interface JoinOptions<M extends JoinMode> {
  /** How many of the nodes it needs. Default `all` that are not skipped. */
  readonly wait?: M;
  /** What becomes of those that it then no longer waits for, if nobody else does. Default `cancel`. */
  readonly rest?: 'cancel' | 'continue';
}

/** A map: the same work for each item of a list. */
export interface MapNodeOptions<I, N, A extends readonly string[], TItem, TRun> {
  /** The list. */
  readonly over: (given: Given<I, N, A>) => readonly TItem[];
  /** The work for one item, which is a step with a journal entry of its own: a function, or actor logic. */
  readonly run: TRun;
  /** How many items are worked on at the same time. Default 8. */
  readonly concurrency?: number;
}

/** The function of a map. */
export type ItemFunction<TItem, TOut> = (args: ItemArgs<TItem>) => TOut | PromiseLike<TOut>;

/** A loop: the same work again, until it is enough. */
export interface LoopOptions<TIn, TOut> {
  /** Whether what an iteration came to is the output of the node. */
  readonly until: (iteration: Iteration<TOut>) => boolean;
  /** What the next iteration is given. Default: what the last one came to. */
  readonly next?: (iteration: Iteration<TOut>) => TIn;
  /** The node fails when it needs more iterations. Default: none. */
  readonly limit?: number;
}

/** A question to a person. */
export interface QuestionOptions<I, N, A extends readonly string[], S extends StandardSchema | undefined> {
  /** What is asked. */
  readonly ask: InputQuestion | ((given: Given<I, N, A>) => InputQuestion);
  /** Checks answers. Without it, anything is taken. */
  readonly schema?: S;
  /** How long it may take, in milliseconds. Then the node fails; a `deadline` can have a default instead. */
  readonly timeout?: number;
}

/** An event from outside. */
export interface WaitForOptions<
  I,
  N,
  A extends readonly string[],
  E extends string,
  S extends StandardSchema | undefined,
> {
  /** The type of the event. */
  readonly event: E;
  /** The property of the event that must be equal to `equals`. Without it, any event of that type is taken. */
  readonly key?: string;
  readonly equals?: (given: Given<I, N, A>) => unknown;
  /** Checks the event, which is the output of the node. One that it does not take is not for this node. */
  readonly schema?: S;
  /** How long it may take, in milliseconds. Then the node fails. */
  readonly timeout?: number;
}

/** A time to wait: how long in milliseconds, or until when. */
export type WaitOptions<I, N, A extends readonly string[]> =
  | { readonly for: number | ((given: Given<I, N, A>) => number); readonly until?: undefined }
  | {
      readonly until: Date | number | ((given: Given<I, N, A>) => Date | number);
      readonly for?: undefined;
    };
