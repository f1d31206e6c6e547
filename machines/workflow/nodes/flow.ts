/** How nodes are added to a workflow. */
import type { AnyActorLogic, AnyStateMachine, EventObject, InputFrom, OutputFrom } from 'xstate';
import type { InferAnswer, StandardSchema } from '../../../src/index.ts';
import type { JoinMode } from '../graph/definition.ts';
import type { AllMaySkip, Entries, Given, Reference, Results } from './entries.ts';
import type {
  ChoiceOptions,
  ErrorPolicy,
  FunctionWork,
  ItemFunction,
  JoinOptions,
  LogicWork,
  LoopOptions,
  MapNodeOptions,
  NodeOptions,
  QuestionOptions,
  UndoOptions,
  WaitForOptions,
  WaitOptions,
  WorkingOptions,
} from './options.ts';

/** An id that no node has yet. */
type New<N, K> = K extends keyof N ? never : K;

type References<N> = readonly Reference<N>[];

type Skips<N, A extends readonly string[], W, P> = P extends 'fail'
  ? [W] extends [never]
    ? AllMaySkip<N, A>
    : true
  : true;

/** The nodes with one more. */
type Added<
  I,
  N extends Entries,
  E extends EventObject,
  K extends string,
  TOut,
  TSkips,
  P,
  R = unknown,
> = Flow<
  I,
  N & {
    readonly [Id in K]: {
      readonly output: TOut;
      readonly skips: TSkips;
      readonly routes: R & (P extends 'route' ? { readonly error: unknown } : object);
    };
  },
  E
>;

/** What an event looks like that no schema describes. */
interface LooseEvent<E extends string> extends EventObject {
  readonly type: E;
  readonly [property: string]: unknown;
}

type EventOf<E extends string, S> = S extends StandardSchema ? InferAnswer<S> : LooseEvent<E>;

/** An event as it is sent, before its schema makes something of it. */
type SentOf<E extends string, S> = S extends StandardSchema<infer Given, infer _Made> ? Given : LooseEvent<E>;

/** There are none yet. */
// oxlint-disable-next-line typescript/no-empty-object-type -- it is what has no key
type NoNodes = {};

/**
 * The nodes of a workflow, to which each call adds one. A node comes after others that are there already, by their ids, and
 * its functions see what those came to.
 */
export interface Flow<I, N extends Entries = NoNodes, E extends EventObject = never> {
  /** Adds work: an async function with journaled steps, or any actor logic that has an end. */
  task<
    const K extends string,
    TOut,
    const A extends References<N> = readonly [],
    TIn = undefined,
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      FunctionWork<I, N, A, TIn, TOut> &
      WorkingOptions &
      UndoOptions<I, TOut>,
  ): Added<I, N, E, K, TOut, Skips<N, A, W, P>, P>;
  task<
    const K extends string,
    TLogic extends AnyActorLogic,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      LogicWork<I, N, A, TLogic> &
      WorkingOptions &
      UndoOptions<I, OutputFrom<TLogic>>,
  ): Added<I, N, E, K, OutputFrom<TLogic>, Skips<N, A, W, P>, P>;

  /** Adds a machine, another workflow for one. */
  subflow<
    const K extends string,
    TMachine extends AnyStateMachine,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      LogicWork<I, N, A, TMachine> &
      WorkingOptions &
      UndoOptions<I, OutputFrom<TMachine>>,
  ): Added<I, N, E, K, OutputFrom<TMachine>, Skips<N, A, W, P>, P>;

  /** Adds a pure function of what came before. It has no effects: it runs within the turn. */
  transform<
    const K extends string,
    TOut,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & { readonly run: (given: Given<I, N, A>) => TOut },
  ): Added<I, N, E, K, TOut, Skips<N, A, W, P>, P>;

  /** Adds a choice between routes, which others come after as `id:route`. Its output is the name of the one taken. */
  choice<
    const K extends string,
    R extends string,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & ChoiceOptions<I, N, A, R>,
  ): Added<I, N, E, K, R, Skips<N, A, W, P>, P, { readonly [Route in R]: Route }>;

  /** Adds a join, which needs all nodes before it, the first one, or so many. Its output is what they came to, by id. */
  join<
    const K extends string,
    const A extends References<N>,
    const M extends JoinMode = 'all',
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & JoinOptions<M> & { readonly after: A },
  ): Added<I, N, E, K, M extends 'all' ? Results<N, A> : Partial<Results<N, A>>, Skips<N, A, W, P>, P>;

  /** Adds the same work for each item of a list. Its output has what they came to, in order. */
  map<
    const K extends string,
    TItem,
    TOut,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      MapNodeOptions<I, N, A, TItem, ItemFunction<TItem, TOut>> &
      WorkingOptions &
      UndoOptions<I, TOut[]>,
  ): Added<I, N, E, K, TOut[], Skips<N, A, W, P>, P>;
  map<
    const K extends string,
    TLogic extends AnyActorLogic,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      MapNodeOptions<I, N, A, InputFrom<TLogic>, TLogic> &
      WorkingOptions &
      UndoOptions<I, OutputFrom<TLogic>[]>,
  ): Added<I, N, E, K, OutputFrom<TLogic>[], Skips<N, A, W, P>, P>;

  /** Adds work that is done again until it is enough. Its output is what the last iteration came to. */
  loop<
    const K extends string,
    TOut,
    const A extends References<N> = readonly [],
    TIn = undefined,
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      FunctionWork<I, N, A, TIn, TOut> &
      LoopOptions<NoInfer<TIn>, NoInfer<TOut>> &
      WorkingOptions &
      UndoOptions<I, TOut>,
  ): Added<I, N, E, K, TOut, Skips<N, A, W, P>, P>;
  loop<
    const K extends string,
    TLogic extends AnyActorLogic,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> &
      LogicWork<I, N, A, TLogic> &
      LoopOptions<InputFrom<TLogic>, OutputFrom<TLogic>> &
      WorkingOptions &
      UndoOptions<I, OutputFrom<TLogic>>,
  ): Added<I, N, E, K, OutputFrom<TLogic>, Skips<N, A, W, P>, P>;

  /** Adds a question to a person. Its output is the answer. */
  question<
    const K extends string,
    S extends StandardSchema | undefined = undefined,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & QuestionOptions<I, N, A, S>,
  ): Added<I, N, E, K, InferAnswer<S>, Skips<N, A, W, P>, P>;

  /** Adds a node that waits for an event, which is its output. One that comes earlier is not for it. */
  waitFor<
    const K extends string,
    const T extends string,
    S extends StandardSchema | undefined = undefined,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & WaitForOptions<I, N, A, T, S>,
  ): Added<I, N, E | (SentOf<T, S> & { readonly type: T }), K, EventOf<T, S>, Skips<N, A, W, P>, P>;

  /** Adds a time to wait. */
  wait<
    const K extends string,
    const A extends References<N> = readonly [],
    W extends boolean = never,
    const P extends ErrorPolicy = 'fail',
  >(
    id: New<N, K>,
    options: NodeOptions<I, N, A, W, P> & WaitOptions<I, N, A>,
  ): Added<I, N, E, K, undefined, Skips<N, A, W, P>, P>;
}
