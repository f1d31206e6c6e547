/** Makes of what an author wrote for a node what is kept of it: its shape, its plan and its work. */
import type { AnyActorLogic } from 'xstate';
import { inputRequest } from '../../../src/index.ts';
import type { JoinMode, NodeShape, NodeType } from '../graph/definition.ts';
import type { Plan } from '../run/plan.ts';
import { mapWork } from '../work/map-work.ts';
import { undoWork } from '../work/undo-work.ts';
import { isLogic, workOf } from '../work/work-of.ts';
import { checkOptions } from './check-options.ts';
import type { GivenOptions, Of } from './given-options.ts';

/** A node, as it was added. */
export interface AddedNode {
  readonly shape: NodeShape;
  readonly plan: Plan;
  readonly work?: AnyActorLogic | undefined;
  readonly undo?: AnyActorLogic | undefined;
}

const always = (): true => true;

const asFunction = (given: unknown): Of<unknown> =>
  typeof given === 'function' ? (given as Of<unknown>) : () => given;

/** What is kept of a node. Throws `WorkflowError` where it could never do what its type does. */
export function addedNode(type: NodeType, id: string, options: GivenOptions): AddedNode {
  checkOptions(type, id, options);
  const { after, when, onError, compensate, cache } = options;
  const { plan, work, routes, wait } = ofType(type, options);
  return {
    shape: {
      id,
      type,
      ...(after && { after }),
      ...(routes && { routes }),
      ...(wait !== undefined && { wait }),
      ...(onError && { onError }),
    },
    plan: {
      ...plan,
      ...(work && { src: id }),
      ...(when && { when }),
      ...(onError && { onError }),
      ...(cache && { cache: cache === true ? id : cache }),
      ...(compensate && { undo: `undo:${id}` }),
    },
    work,
    undo: compensate && undoWork(compensate),
  };
}

interface OfType {
  readonly plan: Plan;
  readonly work?: AnyActorLogic;
  readonly routes?: NonNullable<NodeShape['routes']>;
  readonly wait?: JoinMode | undefined;
}

function ofType(type: NodeType, options: GivenOptions): OfType {
  const { input, run, retry, timeout, schema } = options;
  const working: Plan = {
    ...(input && { input }),
    ...(retry && { retry }),
    ...late(timeout),
    ...(run && { isFunction: !isLogic(run) }),
  };
  switch (type) {
    case 'task':
    case 'subflow':
      return { plan: working, work: workOf(run!, options) };
    case 'loop': {
      const { until, next, limit } = options;
      const looping = { until: until as NonNullable<Plan['until']>, ...(next && { next }) };
      return {
        plan: { ...working, ...looping, ...(limit !== undefined && { limit }) },
        work: workOf(run!, options),
      };
    }
    case 'map':
      return { plan: { input: options.over! }, work: workOf(mapWork(run!, options), options) };
    case 'transform':
      return { plan: { compute: run as unknown as Of<unknown> } };
    case 'choice': {
      const routes = Object.entries(options.routes ?? {});
      return {
        plan: { routes: routes.map(([name, when]) => ({ name, when: when === true ? always : when })) },
        routes: routes.map(([name]) => ({ name })),
      };
    }
    case 'join':
      return { plan: { cancelsRest: options.rest !== 'continue' }, wait: options.wait };
    case 'question':
      return {
        plan: { input: asFunction(options.ask), ...(schema && { schema }), ...late(timeout) },
        work: inputRequest(schema ? { schema } : {}),
      };
    case 'waitFor': {
      const { event, key, equals } = options;
      return {
        plan: {
          event: event!,
          ...(key !== undefined && { key }),
          ...(equals && { input: equals }),
          ...(schema && { schema }),
          ...late(timeout),
        },
      };
    }
    case 'wait': {
      const isInstant = options.until !== undefined;
      return { plan: { input: asFunction(isInstant ? options.until : options.for), isInstant } };
    }
  }
}

const late = (timeout: number | undefined): Pick<Plan, 'timeout'> =>
  timeout === undefined ? {} : { timeout };
