/** What is to be done for a node: its functions, and where its work is found. */
import type { MapOptions } from '../work/map-work.ts';
import type { GraphShape } from '../graph/definition.ts';
import type { RetryOptions, StandardSchema } from '../../../src/index.ts';

/** What a node's functions are given. */
export interface NodeArgs {
  /** The flow's. */
  readonly input: unknown;
  /** What the nodes came to that it comes after, by id. */
  readonly results: Readonly<Record<string, unknown>>;
}

/** What an iteration of a loop came to. */
export interface Iteration<TOutput = unknown> {
  readonly output: TOutput;
  /** 1 for the first. */
  readonly iteration: number;
}

type Of<TResult> = (args: NodeArgs) => TResult;

/** The plan of a node of the graph that a run has, which may be that of an earlier definition. */
export type PlanOf = (graph: GraphShape, number: number) => Plan;

/** What the scheduler needs to know of a node besides its edges. */
export interface Plan {
  /** The name of its work among the actors of its machine. */
  readonly src?: string;
  /** Whether its work is a function, which is given more than an input. */
  readonly isFunction?: boolean;
  /** What its work, or its question, is given; of a `waitFor` the key, of a `wait` how long or until when. */
  readonly input?: Of<unknown>;
  readonly when?: Of<unknown>;
  /** Of a choice: which route is taken first. */
  readonly routes?: readonly { readonly name: string; readonly when: Of<unknown> }[];
  /** Of a transform. */
  readonly compute?: Of<unknown>;
  /** Of a loop. */
  readonly until?: (iteration: Iteration) => unknown;
  readonly next?: (iteration: Iteration) => unknown;
  readonly limit?: number;
  readonly retry?: RetryOptions;
  /** Of one attempt, in milliseconds. */
  readonly timeout?: number;
  readonly onError?: 'fail' | 'skip' | 'route';
  /** Of a map whose work is not its own: how it goes over its list. */
  readonly items?: MapOptions;
  /** Of a `waitFor`: the type of its event, and the property of it that must equal the key. */
  readonly event?: string;
  readonly key?: string;
  /** Of a `wait`: whether its input is an instant. */
  readonly isInstant?: boolean;
  /** Checks the answer to a question, or the event that is waited for. */
  readonly schema?: StandardSchema;
  /** Under which name its results are kept. */
  readonly cache?: string;
  /** Of a join: whether those that it no longer waits for are cancelled. */
  readonly cancelsRest?: boolean;
  /** The name of what undoes it among the actors of the workflow. */
  readonly undo?: string;
}
