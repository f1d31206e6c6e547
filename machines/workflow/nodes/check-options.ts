/** What TypeScript refuses, for those who do not use it: each fault names the node. */
import { checkRetry, type RetryOptions } from '../../../src/index.ts';
import type { NodeType } from '../graph/definition.ts';
import { WorkflowError } from '../errors.ts';
import type { GivenOptions } from './given-options.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isLogic = (value: unknown): boolean =>
  isObject(value) && isFunction((value as { readonly transition?: unknown }).transition);
const isWork = (value: unknown): boolean => isFunction(value) || isLogic(value);

/** May so many work at the same time? None would be a flow that never ends. */
export const isConcurrency = (value: unknown): boolean =>
  value === undefined || value === Infinity || (Number.isInteger(value) && (value as number) > 0);

/** Throws `WorkflowError` for a node that could never do what its type does. */
export function checkOptions(type: NodeType, id: string, given: unknown): void {
  const options = (isObject(given) ? given : {}) as Readonly<Record<keyof GivenOptions, unknown>>;
  const { after, run, over, until, routes, ask, event, concurrency, when, input, compensate, retry } =
    options;
  const check = (holds: boolean, what: string): void => {
    if (!holds) throw new WorkflowError('WORKFLOW_DEFINITION', `The ${type} '${id}' needs ${what}.`, id);
  };
  check(
    after === undefined || (Array.isArray(after) && after.every((one) => typeof one === 'string')),
    "'after' to be a list of ids",
  );
  if (retry !== undefined) checkRetryOf(type, id, retry as RetryOptions);
  for (const [name, value] of Object.entries({ when, input, compensate }))
    check(value === undefined || isFunction(value), `'${name}' to be a function`);
  switch (type) {
    case 'task':
    case 'subflow':
      return check(isWork(run), "'run', a function or actor logic");
    case 'loop':
      check(isWork(run), "'run', a function or actor logic");
      return check(isFunction(until), "'until', a function of { output, iteration }");
    case 'map':
      check(isWork(run), "'run', a function or actor logic");
      check(isFunction(over), "'over', a function that gives its list");
      return check(isConcurrency(concurrency), "a 'concurrency' of 1 or more");
    case 'transform':
      return check(isFunction(run), "'run', a function");
    case 'choice':
      return check(
        isObject(routes) &&
          Object.values(routes as object).every((route) => route === true || isFunction(route)),
        "'routes', each of them true or a function",
      );
    case 'question':
      return check(isObject(ask) || isFunction(ask), "'ask', a question or a function that gives one");
    case 'waitFor':
      return check(typeof event === 'string' && event !== '', "'event', the type of an event");
    case 'wait':
      return check((options.for === undefined) !== (until === undefined), "either 'for' or 'until'");
    case 'join':
  }
}

function checkRetryOf(type: NodeType, id: string, retry: RetryOptions): void {
  try {
    checkRetry(retry);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new WorkflowError('WORKFLOW_DEFINITION', `The ${type} '${id}' needs another 'retry': ${why}`, id, {
      cause,
    });
  }
}
