/** The plan of a node of a definition. */
import { WorkflowError } from '../errors.ts';
import type { Iteration, NodeArgs, Plan } from '../run/plan.ts';
import { isLogic } from '../work/work-of.ts';
import type { NodeDefinition } from './definition.ts';
import { questionSource, type Registries, registered, sourceOf, undoSource } from './registries.ts';
import { isReference, templateFunction } from './template.ts';

type Of<TResult> = (args: NodeArgs) => TResult;

const always = (): true => true;

/** Makes a plan. Throws `WorkflowError` where a name is not registered. */
export function planFrom(node: NodeDefinition, registries: Registries): Plan {
  const { id, when, onError } = node;
  return {
    ...ofType(node, registries),
    ...(when !== undefined && { when: registered(registries, 'guards', when, id) }),
    ...(onError && { onError }),
  };
}

function ofType(node: NodeDefinition, registries: Registries): Plan {
  const { id } = node;
  const filled = (template: unknown): Of<unknown> => templateFunction(template, id);
  const functionOf = (name: string): Of<unknown> =>
    registered(registries, 'functions', name, id) as Of<unknown>;
  switch (node.type) {
    case 'task':
    case 'subflow':
      return { ...working(node, registries), input: filled(node.input) };
    case 'loop': {
      const { until, next, limit } = node;
      return {
        ...working(node, registries),
        input: filled(node.input),
        until: functionOf(until) as unknown as (iteration: Iteration) => unknown,
        ...(next !== undefined && { next: functionOf(next) as unknown as (iteration: Iteration) => unknown }),
        ...(limit !== undefined && { limit }),
      };
    }
    case 'map': {
      const { over, concurrency, retry, timeout } = node;
      checkList(over, id);
      const { retry: _, timeout: __, ...plan } = working(node, registries);
      return { ...plan, input: filled(over), items: defined({ concurrency, retry, timeout }) };
    }
    case 'choice': {
      const routes = node.routes.map(({ name, when }) => ({
        name,
        when: when === undefined ? always : registered(registries, 'guards', when, id),
      }));
      return { routes };
    }
    case 'join':
      return { cancelsRest: node.rest !== 'continue' };
    case 'question': {
      const { ask, schema, timeout } = node;
      return {
        src: questionSource(schema),
        input: filled(ask),
        ...(schema !== undefined && { schema: registered(registries, 'schemas', schema, id) }),
        ...(timeout !== undefined && { timeout }),
      };
    }
    case 'waitFor': {
      const { event, key, equals, schema, timeout } = node;
      return {
        event,
        input: filled(equals),
        ...(key !== undefined && { key }),
        ...(schema !== undefined && { schema: registered(registries, 'schemas', schema, id) }),
        ...(timeout !== undefined && { timeout }),
      };
    }
    case 'wait': {
      if ((node.for === undefined) === (node.until === undefined))
        throw new WorkflowError(
          'WORKFLOW_DEFINITION',
          `The wait '${id}' has either 'for', in milliseconds, or 'until', an instant.`,
          id,
        );
      const instant = filled(node.until);
      return node.until === undefined
        ? { input: filled(node.for), isInstant: false }
        : { input: (args) => new Date(instant(args) as string | number), isInstant: true };
    }
    case 'transform':
      if (node.function !== undefined) return { compute: functionOf(node.function) };
      if (node.value !== undefined) return { compute: filled(node.value) };
      throw new WorkflowError(
        'WORKFLOW_DEFINITION',
        `The transform '${id}' has a 'value' or a 'function'.`,
        id,
      );
  }
}

/** A list that is written down, or a reference to what may be one. */
function checkList(over: unknown, node: string): void {
  if (Array.isArray(over) || (typeof over === 'object' && over !== null && isReference(over))) return;
  throw new WorkflowError(
    'WORKFLOW_NOT_A_LIST',
    `The map '${node}' goes over a list, or over { "$": … } that leads to one; it was given ${JSON.stringify(over)}.`,
    node,
  );
}

type Working = Extract<NodeDefinition, { readonly task: string }>;

function working(node: Working, registries: Registries): Plan {
  const { id, task, retry, timeout, cache, compensate } = node;
  const work = registered(registries, 'tasks', task, id);
  if (compensate !== undefined) registered(registries, 'tasks', compensate, id);
  return {
    src: sourceOf(task, node),
    isFunction: node.type !== 'map' && !isLogic(work),
    ...(retry && { retry: defined(retry) }),
    ...(timeout !== undefined && { timeout }),
    ...(cache && { cache: cache === true ? id : cache }),
    ...(compensate !== undefined && { undo: undoSource(compensate) }),
  };
}

/** Without the members that are not there: zod's types have `undefined` for those. */
function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
