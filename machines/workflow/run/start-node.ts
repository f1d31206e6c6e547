/** What it means to start a node, by its type. */
import { WorkflowError } from '../errors.ts';
import { checkStorable } from './check-storable.ts';
import { fingerprint } from './fingerprint.ts';
import type { NodeArgs, Plan } from './plan.ts';
import type { Graph } from '../graph/graph.ts';
import { ERROR_ROUTE } from '../graph/references.ts';
import type { Ledger } from './ledger.ts';
import type { NodeRecord } from './record.ts';

/** Where nodes are started, and what becomes of one that is. */
export interface Starter {
  readonly graph: Graph;
  readonly ledger: Ledger;
  planOf(number: number): Plan;
  /** Sends it to work. */
  run(number: number, record: NodeRecord): void;
  /** Has it wait for another to end, where as many work as may. */
  mustQueue(number: number): boolean;
  done(number: number, output: unknown, tell: 'node.done'): void;
  skip(number: number): void;
}

/** Starts a node. Throws what its functions throw: the node fails with it. */
export function startNode(starter: Starter, number: number): void {
  const { id, type } = starter.graph.nodes[number]!;
  const plan = starter.planOf(number);
  const args = argsOf(starter, number);
  if (plan.when && !plan.when(args)) return starter.skip(number);
  switch (type) {
    case 'transform': {
      const output = plan.compute?.(args);
      checkStorable(output, id, 'output');
      return starter.done(number, output, 'node.done');
    }
    case 'join':
      return starter.done(number, args.results, 'node.done');
    case 'choice':
      return starter.done(number, routeOf(id, plan, args), 'node.done');
    case 'question':
    case 'waitFor':
      return ask(starter, number, plan, args);
    case 'wait':
      return wait(starter, number, plan, args);
    case 'task':
    case 'subflow':
    case 'loop':
    case 'map':
      if (!starter.mustQueue(number)) work(starter, number, plan, args);
  }
}

/** What a node's functions are given: what the nodes before it came to, and along its route `error`, its error. */
function argsOf({ graph, ledger }: Starter, number: number): NodeArgs {
  const results: Record<string, unknown> = {};
  for (const { from, route } of graph.before[number]!) {
    const { status, output, error } = ledger.get(from);
    if (status === 'done') results[graph.nodes[from]!.id] = output;
    else if (status === 'failed' && route === ERROR_ROUTE) results[graph.nodes[from]!.id] = error;
  }
  return { input: ledger.context.input, results };
}

function routeOf(id: string, { routes = [] }: Plan, args: NodeArgs): string {
  const route = routes.find(({ when }) => when(args));
  if (route) return route.name;
  throw new WorkflowError(
    'WORKFLOW_NO_ROUTE',
    `The choice '${id}' has no route for what it was given; it has ${routes.map(({ name }) => name).join(', ')}. ` +
      'End the list with one that is always true.',
    id,
  );
}

/** What the work of a node is given at first. */
export const givenTo = (starter: Starter, number: number): unknown =>
  inputOf(starter, number, starter.planOf(number), argsOf(starter, number));

/** What its work, or whoever it waits for, is given. */
function inputOf({ graph }: Starter, number: number, plan: Plan, args: NodeArgs): unknown {
  const input = plan.input?.(args);
  checkStorable(input, graph.nodes[number]!.id, 'input');
  return input;
}

function ask(starter: Starter, number: number, plan: Plan, args: NodeArgs): void {
  const { graph, ledger } = starter;
  const { src, timeout } = plan;
  const input = inputOf(starter, number, plan, args);
  const record = ledger.get(number);
  ledger.set(number, { ...record, status: 'waitingForInput', input, started: ledger.now });
  ledger.tell(graph.nodes[number]!.id, {
    type: 'node.ask',
    ...(src !== undefined && { src, input }),
    ...(timeout !== undefined && { timeout }),
  });
}

function wait(starter: Starter, number: number, { input: given, isInstant }: Plan, args: NodeArgs): void {
  const { graph, ledger } = starter;
  const { id } = graph.nodes[number]!;
  const input = given?.(args);
  const ms = Number(input) - (isInstant ? ledger.now : 0);
  if (Number.isNaN(ms))
    throw new WorkflowError(
      'WORKFLOW_DEFINITION',
      `How long '${id}' waits is no time: ${String(input)}.`,
      id,
    );
  ledger.set(number, { ...ledger.get(number), status: 'running', input, started: ledger.now });
  ledger.tell(id, { type: 'node.run', delay: Math.max(0, ms) });
}

function work(starter: Starter, number: number, plan: Plan, args: NodeArgs): void {
  const { graph, ledger } = starter;
  const { id, type } = graph.nodes[number]!;
  const input = inputOf(starter, number, plan, args);
  if (type === 'map' && !Array.isArray(input))
    throw new WorkflowError(
      'WORKFLOW_NOT_A_LIST',
      `The map '${id}' goes over a list, and was given ${input === null ? 'null' : `a ${typeof input}`}.`,
      id,
    );
  const record = {
    ...ledger.get(number),
    input,
    started: ledger.now,
    ...(type === 'loop' && { iteration: 1 }),
  };
  const key = cacheKey(plan, input);
  if (key !== undefined && Object.hasOwn(ledger.cache, key)) {
    ledger.set(number, { ...record, attempts: 0 });
    return starter.done(number, ledger.cache[key], 'node.done');
  }
  const running = { ...record, status: 'running', attempts: 1 } as const;
  ledger.set(number, running);
  ledger.working++;
  starter.run(number, running);
}

/** Under what the result of a node is kept for the next time that it is given the same. */
export const cacheKey = ({ cache }: Plan, input: unknown): string | undefined =>
  cache === undefined ? undefined : `${cache}:${fingerprint(input)}`;
