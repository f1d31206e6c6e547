/** What a definition has by name. */
import type { AnyActorLogic } from 'xstate';
import type { InterruptPolicy, StandardSchema } from '../../../src/index.ts';
import { inputRequest } from '../../../src/index.ts';
import { WorkflowError } from '../errors.ts';
import type { Iteration, NodeArgs } from '../run/plan.ts';
import type { WorkFunction } from '../work/function-work.ts';
import { mapWork } from '../work/map-work.ts';
import { workOf } from '../work/work-of.ts';

/** What the names in a definition stand for. */
export interface Registries {
  /** Work: functions as for `task`, or actor logic. */
  readonly tasks?: Readonly<Record<string, AnyActorLogic | WorkFunction>>;
  /** Of `when` and of a choice: whether it is so. */
  readonly guards?: Readonly<Record<string, (args: NodeArgs) => boolean>>;
  /** Of a transform, and of what a loop goes by. */
  readonly functions?: Readonly<
    Record<string, ((args: NodeArgs) => unknown) | ((iteration: Iteration) => unknown)>
  >;
  /** Of inputs, answers and events. */
  readonly schemas?: Readonly<Record<string, StandardSchema>>;
}

const kinds = { tasks: 'task', guards: 'guard', functions: 'function', schemas: 'schema' } as const;

/** What a name stands for. Throws `WorkflowError` where it is not registered. */
export function registered<K extends keyof Registries>(
  registries: Registries,
  kind: K,
  name: string,
  node: string | undefined,
): NonNullable<Registries[K]>[string] {
  const known = registries[kind];
  if (known && Object.hasOwn(known, name)) return known[name] as NonNullable<Registries[K]>[string];
  const names = Object.keys(known ?? {}).join(', ') || 'none';
  throw new WorkflowError(
    'WORKFLOW_UNKNOWN_NAME',
    `${node === undefined ? 'The workflow' : `The node '${node}'`} needs the ${kinds[kind]} '${name}'; registered: ${names}.`,
    node,
  );
}

/** How a task works for a node. */
export interface Manner {
  readonly type: string;
  readonly onInterrupt?: InterruptPolicy | undefined;
  readonly ephemeral?: boolean | undefined;
}

/**
 * The name, among the actors of the nodes' machine, of a task that works in a manner. In its own name a colon is written
 * in another way: a task `ask:boss` is not the task `boss` that asks.
 */
export const sourceOf = (task: string, { type, onInterrupt, ephemeral }: Manner): string =>
  [
    type === 'map' ? 'map' : 'task',
    onInterrupt,
    ephemeral && 'ephemeral',
    task.replaceAll(/[%:]/g, encodeURIComponent),
  ]
    .filter(Boolean)
    .join(':');

/** The name of the questions whose answers a schema checks. */
export const questionSource = (schema: string | undefined): string =>
  schema === undefined ? 'question' : `question:${schema}`;

/** The name of a task that undoes. */
export const undoSource = (task: string): string => `undo:${task}`;

/**
 * Every task in every manner, and the questions: whatever a definition may ask for, also one that a run was started with
 * and that nobody has any more.
 */
export function worksOf({ tasks = {}, schemas = {} }: Registries): Record<string, AnyActorLogic> {
  const works: Record<string, AnyActorLogic> = { [questionSource(undefined)]: inputRequest() };
  for (const [name, schema] of Object.entries(schemas))
    works[questionSource(name)] = inputRequest({ schema });
  for (const [name, task] of Object.entries(tasks))
    for (const type of ['task', 'map'])
      for (const onInterrupt of [undefined, 'rerun', 'fail', 'ask'] as const)
        for (const ephemeral of [false, true]) {
          const manner = { type, onInterrupt, ephemeral };
          works[sourceOf(name, manner)] = workOf(type === 'map' ? mapWork(task) : task, manner);
        }
  return works;
}
