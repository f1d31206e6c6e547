/** A workflow as data. */
import type { InterruptPolicy } from '../../../src/index.ts';

/** The newest format. A definition says which one it is in. */
export const FORMAT = 1;

/**
 * Any JSON. `{ "$": "results.charge.id" }` in it stands for what is there when the node starts: `input`, or `results` and
 * the id of a node that this one comes after, and so on inwards. A list of keys serves where a key has a dot in it.
 */
type Template = unknown;

interface Common {
  /** Unique. The actor of the node has it. */
  readonly id: string;
  /** What it comes after: ids of nodes, or `id:route`. It starts when all of them are decided. */
  readonly after?: readonly string[] | undefined;
  /** The name of a guard. Where that says no, the node is skipped. */
  readonly when?: string | undefined;
  /** Whether the flow fails with it (the default), goes on as if it was skipped, or along `id:error`. */
  readonly onError?: 'fail' | 'skip' | 'route' | undefined;
}

interface Working extends Common {
  /** The name of its work. */
  readonly task: string;
  /** How often it is tried again, and when. Times are in milliseconds. */
  readonly retry?:
    | {
        readonly limit: number;
        readonly backoff?: number | undefined;
        readonly factor?: number | undefined;
        readonly max?: number | undefined;
        readonly jitter?: number | undefined;
      }
    | undefined;
  /** Of one attempt, in milliseconds. */
  readonly timeout?: number | undefined;
  readonly onInterrupt?: InterruptPolicy | undefined;
  readonly ephemeral?: boolean | undefined;
  readonly cache?: boolean | string | undefined;
  /** The name of the task that undoes it when the flow fails later. */
  readonly compensate?: string | undefined;
}

/** A node in a definition. */
export type NodeDefinition =
  | (Working & { readonly type: 'task' | 'subflow'; readonly input?: Template })
  | (Working & { readonly type: 'map'; readonly over?: Template; readonly concurrency?: number | undefined })
  | (Working & {
      readonly type: 'loop';
      readonly input?: Template;
      /** The name of a function of `{ output, iteration }`, as `next` is. */
      readonly until: string;
      readonly next?: string | undefined;
      readonly limit?: number | undefined;
    })
  | (Common & {
      readonly type: 'choice';
      /** In order. The first one whose guard says yes is taken; one without a guard always is. */
      readonly routes: readonly { readonly name: string; readonly when?: string | undefined }[];
    })
  | (Common & {
      readonly type: 'join';
      readonly wait?: 'all' | 'any' | number | undefined;
      readonly rest?: 'cancel' | 'continue' | undefined;
    })
  | (Common & {
      readonly type: 'question';
      /** The question: `prompt`, `details`, `choices`, `assignee`, `deadline`, `default`. */
      readonly ask?: Template;
      readonly schema?: string | undefined;
      readonly timeout?: number | undefined;
    })
  | (Common & {
      readonly type: 'waitFor';
      readonly event: string;
      readonly key?: string | undefined;
      readonly equals?: Template;
      readonly schema?: string | undefined;
      readonly timeout?: number | undefined;
    })
  | (Common & {
      readonly type: 'wait';
      /** In milliseconds. */
      readonly for?: Template;
      /** An instant: ISO 8601, or milliseconds since 1970. */
      readonly until?: Template;
    })
  | (Common & {
      readonly type: 'transform';
      readonly value?: Template;
      /** The name of a function of `{ input, results }`. */
      readonly function?: string | undefined;
    });

/** A workflow as data. Tasks, guards, functions and schemas are there by name. */
export interface WorkflowDefinition {
  /** Where its JSON Schema is, for editors. */
  readonly $schema?: string | undefined;
  readonly format: typeof FORMAT;
  readonly id: string;
  readonly version?: string | undefined;
  /** The name of the schema of the input. */
  readonly input?: string | undefined;
  /** How many nodes may work at the same time. */
  readonly concurrency?: number | undefined;
  readonly nodes: readonly NodeDefinition[];
  /** As the input of a node; it sees the results of all. */
  readonly output?: Template;
}
