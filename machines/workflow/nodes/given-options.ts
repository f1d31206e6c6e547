/** What an author writes for a node, as it is at run time. */
import type { AnyActorLogic } from 'xstate';
import type { StandardSchema } from '../../../src/index.ts';
import type { JoinMode } from '../graph/definition.ts';
import type { Iteration, NodeArgs } from '../run/plan.ts';
import type { WorkFunction } from '../work/function-work.ts';
import type { ErrorPolicy, WorkingOptions } from './options.ts';

/** A function of a node. */
export type Of<TResult> = (args: NodeArgs) => TResult;

/** The options of all types of nodes, as they are at run time. */
export interface GivenOptions extends WorkingOptions {
  readonly after?: readonly string[];
  readonly when?: Of<boolean>;
  readonly onError?: ErrorPolicy;
  readonly input?: Of<unknown>;
  readonly run?: AnyActorLogic | WorkFunction;
  readonly compensate?: WorkFunction;
  readonly routes?: Readonly<Record<string, true | Of<boolean>>>;
  readonly wait?: JoinMode;
  readonly rest?: 'cancel' | 'continue';
  readonly over?: Of<unknown>;
  readonly concurrency?: number;
  readonly until?: unknown;
  readonly next?: (iteration: Iteration) => unknown;
  readonly limit?: number;
  readonly ask?: unknown;
  readonly schema?: StandardSchema;
  readonly event?: string;
  readonly key?: string;
  readonly equals?: Of<unknown>;
  readonly for?: unknown;
}
