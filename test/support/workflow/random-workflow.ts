/** Workflows of random graphs, whose nodes do the same however and how often they run. */
import { type AnyActorLogic, createMachine, fromPromise } from 'xstate';
import type { DurableArgs, RetryOptions, StepArgs } from 'savepoint';
import { workflow, type NodeType, type WorkflowMachine } from 'savepoint/machines';
import type { Calls } from './calls.ts';
import type { RandomGraph, RandomNode } from './random-node.ts';

const ROUTES = ['left', 'right'] as const;
/** How long one attempt may take where the first never ends, in milliseconds. */
const LATE = 40;
/** How long somebody may take who never comes. */
const NOBODY = 5;

export const idOf = (number: number): string => `n${number}`;

/** Of what kind is a node, in truth? A join without anything before it is none. */
const typeOf = ({ type, race }: RandomNode, edges: readonly string[]): NodeType =>
  type === 'join' && !race && edges.length === 0 ? 'wait' : type;

/** Does nobody answer it, or send what it waits for? */
export const isForgotten = ({ luck }: RandomNode): boolean => luck === 'bad';

/** May it be tried again as often as it must, so that how often it was says nothing? */
export const isPatient = ({ interrupt, luck }: RandomNode): boolean =>
  interrupt === 'fail' || luck === 'late';

/** The edges that lead to a node: to a choice by one of its routes or as a whole, to what may fail at times by its error. */
function edgesTo({ nodes }: RandomGraph, number: number): string[] {
  if (number === 0) return [];
  const { after, route } = nodes[number]!;
  const edges = after.map((given) => {
    const from = given % number;
    const { type, onError } = nodes[from]!;
    if (type === 'choice' && route % 3 < 2) return `${idOf(from)}:${ROUTES[route % 3]}`;
    return onError === 'route' && route === 5 ? `${idOf(from)}:error` : idOf(from);
  });
  return [...new Set(edges)];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

interface Seen {
  readonly results: Readonly<Record<string, unknown>>;
}
interface ItemArgs extends StepArgs {
  readonly input: number;
  readonly index: number;
}
/** What is made by code has no types to check it. */
type Untyped = Record<NodeType, (id: string, options: object) => void>;

/** What the functions of nodes see that is the same in each run: a join of some comes to what was first. */
const seen = ({ results }: Seen): string[] => Object.keys(results).sort();

const message = (id: string): string => `${id} has no luck`;

/** The workflow of a graph. */
export function randomWorkflow(graph: RandomGraph, calls: Calls): WorkflowMachine<unknown, unknown> {
  const { concurrency, nodes } = graph;
  return workflow({
    id: 'random',
    ...(concurrency !== undefined && { concurrency }),
    nodes: (flow) => {
      nodes.forEach((node, number) =>
        add(flow as unknown as Untyped, idOf(number), node, edgesTo(graph, number), calls),
      );
      return flow;
    },
  });
}

function add(flow: Untyped, id: string, node: RandomNode, after: readonly string[], calls: Calls): void {
  const { luck, onError, when, takes, size } = node;
  const common = { after, onError, ...(!when && { when: () => false }) };
  const type = typeOf(node, after);
  switch (type) {
    case 'task':
      return node.cache ? addKept(flow, id, node, common, calls) : addTask(flow, id, node, common, calls);
    case 'subflow':
      return flow.subflow(id, { ...common, ...working(id, node, calls), run: inner(id, node, calls) });
    case 'map':
      return addMap(flow, id, node, common, calls);
    case 'loop':
      return addLoop(flow, id, node, common, calls);
    case 'transform':
      return flow.transform(id, {
        ...common,
        run: (given: Seen) => {
          if (luck === 'bad') throw new Error(message(id));
          return seen(given).length;
        },
      });
    case 'choice':
      return flow.choice(id, { ...common, routes: { left: () => size > 2, right: () => luck !== 'bad' } });
    case 'join':
      if (node.race) return addRace(flow, id, node, common, calls);
      return flow.join(id, {
        ...common,
        wait: size > 2 ? 'all' : Math.min(size, after.length),
        rest: 'continue',
      });
    case 'wait':
      return flow.wait(id, { ...common, ...(size === 1 ? { until: new Date(0) } : { for: takes * 3 }) });
    case 'question':
      return flow.question(id, {
        ...common,
        ask: { prompt: id },
        ...(isForgotten(node) && { timeout: NOBODY }),
      });
    case 'waitFor':
      return flow.waitFor(id, {
        ...common,
        event: 'news',
        key: 'of',
        equals: () => id,
        ...(isForgotten(node) && { timeout: NOBODY }),
      });
  }
}

/** What nodes have that work. */
function working(id: string, node: RandomNode, calls: Calls): object {
  const { luck, ephemeral, interrupt, undo, size, takes } = node;
  const isPermanent = (error: unknown): boolean => luck === 'bad' && (error as Error).message === message(id);
  const retry: RetryOptions = isPatient(node)
    ? { limit: 100, backoff: 1, max: 5, retryable: (error) => !isPermanent(error) }
    : { limit: 1, backoff: 1 };
  return {
    retry,
    ephemeral,
    ...(luck === 'late' && { timeout: LATE }),
    ...(interrupt && { onInterrupt: interrupt }),
    ...(undo && {
      compensate: async (): Promise<void> => {
        const of = { node: id, part: 'undo' };
        calls.begin(of);
        await pause(takes);
        calls.end(of);
        if (size === 4) throw new Error(`${id} cannot be undone`);
      },
    }),
  };
}

function addTask(flow: Untyped, id: string, node: RandomNode, common: object, calls: Calls): void {
  const { luck, takes, size } = node;
  const run = { node: id, part: 'run' };
  const work = async (
    { input, signal }: { readonly input: string[]; readonly signal: AbortSignal },
    step: (part: string, act: () => unknown) => unknown,
  ): Promise<string> => {
    const attempt = calls.begin(run);
    await pause(takes);
    if (luck === 'late' && attempt === 1) await forever(signal);
    const one = await step('one', () => input.length);
    if (luck === 'bad' || (luck === 'good the second time' && attempt === 1)) throw new Error(message(id));
    const two = await step('two', () => `${input.join()} and ${String(one)}`);
    calls.end(run);
    return `${id} of ${String(two)}`;
  };
  const noted = (part: string, act: () => unknown) => async (): Promise<unknown> => {
    calls.begin({ node: id, part });
    await pause(takes);
    return act();
  };
  flow.task(id, {
    ...common,
    ...working(id, node, calls),
    input: seen,
    run:
      size === 1
        ? fromPromise((args: { input: string[]; signal: AbortSignal }) => work(args, (_, act) => act()))
        : (args: DurableArgs<string[]>) => work(args, (part, act) => args.step(part, noted(part, act))),
  });
}

/** What nodes with `cache` come to is told by their input alone. */
function addKept(flow: Untyped, id: string, node: RandomNode, common: object, calls: Calls): void {
  flow.task(id, {
    ...common,
    ...working(id, { ...node, luck: 'good' }, calls),
    cache: 'kept',
    input: (given: Seen) => seen(given).length,
    run: async ({ input }: { input: number }) => {
      calls.begin({ node: id, part: 'run' });
      await pause(node.takes);
      return `kept of ${input}`;
    },
  });
}

function addMap(flow: Untyped, id: string, node: RandomNode, common: object, calls: Calls): void {
  const { luck, takes, size } = node;
  flow.map(id, {
    ...common,
    // Its retries are those of its items: as a whole it is not tried again.
    ...working(id, node.interrupt === 'fail' ? { ...node, interrupt: undefined } : node, calls),
    over: () => [...Array(size * 4).keys()],
    concurrency: size,
    run: async ({ input, index, effectId, attempt, signal }: ItemArgs) => {
      calls.begin({ node: id, part: String(index) }, `${effectId}#${attempt}`);
      await pause(takes);
      if (luck === 'late' && index === size && attempt === 1) await forever(signal);
      if (index === size && (luck === 'bad' || (luck === 'good the second time' && attempt === 1)))
        throw new Error(message(id));
      return input * 2;
    },
  });
}

function addLoop(flow: Untyped, id: string, node: RandomNode, common: object, calls: Calls): void {
  const { luck, takes, size, route } = node;
  const work = async (input: number, signal: AbortSignal): Promise<number> => {
    const attempt = calls.begin({ node: id, part: String(input + 1) });
    await pause(takes);
    if (input === 1 && luck === 'late' && attempt === 1) await forever(signal);
    if (input === 1 && (luck === 'bad' || (luck === 'good the second time' && attempt === 1)))
      throw new Error(message(id));
    return input + 1;
  };
  flow.loop(id, {
    ...common,
    ...working(id, node, calls),
    input: () => 0,
    run:
      route % 2 === 0
        ? fromPromise((args: { input: number; signal: AbortSignal }) => work(args.input, args.signal))
        : (args: DurableArgs<number>) => work(args.input, args.signal),
    until: ({ output }: { output: number }) => output >= size,
    ...(size === 4 && route === 1 && { limit: 3 }),
  });
}

/** The first one to come wins, and the join cancels the other, which never would. */
function addRace(
  flow: Untyped,
  id: string,
  node: RandomNode,
  { after, ...common }: { readonly after: readonly string[] },
  calls: Calls,
): void {
  const first = `${id}first`;
  const never = `${id}never`;
  flow.task(first, { after, run: () => pause(node.takes * 2) });
  if (node.size === 1) flow.wait(never, { after, for: 3_600_000 });
  else if (node.size === 2) flow.question(never, { after, ask: { prompt: never } });
  else
    flow.task(never, {
      after,
      run: async ({ signal }: DurableArgs<undefined>) => {
        calls.begin({ node: never, part: 'run' });
        await forever(signal);
      },
    });
  flow.join(id, { ...common, after: [first, never], wait: 'any' });
}

/** A machine, or a workflow in the workflow. */
function inner(id: string, { takes, size, luck }: RandomNode, calls: Calls): AnyActorLogic {
  if (size <= 2)
    return createMachine({
      initial: 'one',
      states: {
        one: { after: { [takes + 1]: 'two' } },
        two: { after: { 1: 'end' } },
        end: { type: 'final' },
      },
      output: `${id} was here`,
    });
  return workflow({
    id: 'inner',
    nodes: (flow) =>
      flow
        .task('a', {
          run: async ({ step }) => {
            calls.begin({ node: id, part: 'inner' });
            await pause(takes);
            return step('one', () => 1);
          },
        })
        .wait('b', { after: ['a'], for: takes })
        .transform('c', {
          after: ['a', 'b'],
          run: ({ results }) => {
            if (luck === 'bad') throw new Error(message(id));
            return results.a;
          },
        }),
    output: ({ results }) => `${id} came to ${results.c}`,
  });
}
