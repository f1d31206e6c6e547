/** What it means to start a node, by its type. */
import { WorkflowError } from '../errors.ts';
import { checkStorable } from './check-storable.ts';
import { fingerprint } from './fingerprint.ts';
import type { NodeArgs, Plan } from './plan.ts';
import type { Scheduler } from './scheduler.ts';

/** Starts a node. Throws what its functions throw: the node fails with it. */
export function startNode(scheduler: Scheduler, number: number): void {
  const { id, type } = scheduler.graph.nodes[number]!;
  const plan = scheduler.planOf(number);
  const args = argsOf(scheduler, number);
  if (plan.when && !plan.when(args)) return scheduler.skip(number);
  switch (type) {
    case 'transform': {
      const output = plan.compute?.(args);
      checkStorable(output, id, 'output');
      return scheduler.done(number, output, 'node.done');
    }
    case 'join':
      return scheduler.done(number, args.results, 'node.done');
    case 'choice':
      return scheduler.done(number, routeOf(id, plan, args), 'node.done');
    case 'question':
    case 'waitFor':
      return ask(scheduler, number, plan, args);
    case 'wait':
      return wait(scheduler, number, plan, args);
    case 'task':
    case 'subflow':
    case 'loop':
    case 'map':
      if (!scheduler.mustQueue(number)) work(scheduler, number, plan, args);
  }
}

/** What a node's functions are given: what the nodes before it came to, and the error of one that failed. */
function argsOf({ graph, ledger }: Scheduler, number: number): NodeArgs {
  const results: Record<string, unknown> = {};
  for (const { from } of graph.before[number]!) {
    const { status, output, error } = ledger.get(from);
    if (status === 'done') results[graph.nodes[from]!.id] = output;
    else if (status === 'failed') results[graph.nodes[from]!.id] = error;
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
export const givenTo = (scheduler: Scheduler, number: number): unknown =>
  inputOf(scheduler, number, scheduler.planOf(number), argsOf(scheduler, number));

/** What its work, or whoever it waits for, is given. */
function inputOf({ graph }: Scheduler, number: number, plan: Plan, args: NodeArgs): unknown {
  const input = plan.input?.(args);
  checkStorable(input, graph.nodes[number]!.id, 'input');
  return input;
}

function ask(scheduler: Scheduler, number: number, plan: Plan, args: NodeArgs): void {
  const { graph, ledger } = scheduler;
  const { src, timeout } = plan;
  const input = inputOf(scheduler, number, plan, args);
  const record = ledger.get(number);
  ledger.set(number, { ...record, status: 'waitingForInput', input, started: ledger.now });
  ledger.tell(graph.nodes[number]!.id, {
    type: 'node.ask',
    ...(src !== undefined && { src, input }),
    ...(timeout !== undefined && { timeout }),
  });
}

function wait(scheduler: Scheduler, number: number, { input: given, isInstant }: Plan, args: NodeArgs): void {
  const { graph, ledger } = scheduler;
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

function work(scheduler: Scheduler, number: number, plan: Plan, args: NodeArgs): void {
  const { graph, ledger } = scheduler;
  const { id, type } = graph.nodes[number]!;
  const input = inputOf(scheduler, number, plan, args);
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
    return scheduler.done(number, ledger.cache[key], 'node.done');
  }
  const running = { ...record, status: 'running', attempts: 1 } as const;
  ledger.set(number, running);
  ledger.working++;
  scheduler.run(number, running);
}

/** Under what the result of a node is kept for the next time that it is given the same. */
export const cacheKey = ({ cache }: Plan, input: unknown): string | undefined =>
  cache === undefined ? undefined : `${cache}:${fingerprint(input)}`;
