/** Workflows made at random, whose nodes do the same however and how often they run. */
import fc from 'fast-check';
import { createMachine, fromPromise } from 'xstate';
import type { DurableArgs } from 'savepoint';
import { workflow } from 'savepoint/machines';
import type { NodeType, WorkflowMachine } from 'savepoint/machines';

/** A node of a random graph. */
export interface RandomNode {
  readonly type: NodeType;
  /** Where its edges come from: numbers of nodes before it, made to fit. */
  readonly after: readonly number[];
  /** Which of a choice's routes its edges follow. */
  readonly route: number;
  readonly luck: 'good' | 'good the second time' | 'bad';
  readonly onError: 'fail' | 'skip' | 'route';
  readonly when: boolean;
  /** How long its work takes, in milliseconds. */
  readonly takes: number;
  /** How many items, iterations, or nodes that a join waits for. */
  readonly size: number;
}

/** Who is called how often. */
export interface Calls {
  /** By node: the attempts in which its work was started. */
  readonly attempts: Map<string, number[]>;
  /** By item of a map: how often it was finished. */
  readonly items: Map<string, number>;
}

const types: readonly NodeType[] = [
  'task',
  'task',
  'task',
  'choice',
  'join',
  'map',
  'loop',
  'question',
  'waitFor',
  'wait',
  'subflow',
  'transform',
];

const node: fc.Arbitrary<RandomNode> = fc.record({
  type: fc.constantFrom(...types),
  after: fc.array(fc.nat(1000), { maxLength: 3 }),
  route: fc.nat(5),
  luck: fc.constantFrom('good', 'good', 'good', 'good', 'good the second time', 'bad'),
  onError: fc.nat(40).map((digit) => (digit === 0 ? 'fail' : digit % 2 === 0 ? 'skip' : 'route')),
  when: fc.integer({ min: 0, max: 9 }).map((digit) => digit > 0),
  takes: fc.integer({ min: 0, max: 2 }),
  size: fc.integer({ min: 1, max: 4 }),
});

/** Graphs of up to `most` nodes. */
export const graphs = (most: number): fc.Arbitrary<RandomNode[]> =>
  fc.array(node, { minLength: 2, maxLength: most, size: 'max' });

const ROUTES = ['left', 'right'] as const;
const idOf = (number: number): string => `n${number}`;

/** The edges that lead to a node: to a choice by one of its routes or as a whole, to what may fail at times by its error. */
function edgesTo(nodes: readonly RandomNode[], number: number): string[] {
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

/** What the functions of nodes see that is the same in each run: a join of some comes to what was first. */
const seen = (results: Readonly<Record<string, unknown>>): string[] => Object.keys(results).sort();

/** The workflow of a graph. */
export function randomWorkflow(
  nodes: readonly RandomNode[],
  calls: Calls,
): WorkflowMachine<unknown, unknown> {
  const count = (id: string, attempt: number): void => {
    calls.attempts.set(id, [...(calls.attempts.get(id) ?? []), attempt]);
  };
  const add = (flow: Untyped, number: number): void => {
    const { type, luck, onError, when, takes, size } = nodes[number]!;
    const id = idOf(number);
    const after = edgesTo(nodes, number);
    const common = { after, onError, ...(!when && { when: () => false }) };
    const retry = { limit: 1, backoff: 1 };
    const fails = (times: number): void => {
      if (luck === 'bad' || (luck !== 'good' && times < 2)) throw new Error(`${id} has no luck`);
    };
    const input = ({ results }: Seen): string[] => seen(results);
    let tries = 0;
    switch (type) {
      case 'task': {
        const run = async ({ input, step, attempt }: DurableArgs<string[]>): Promise<string> => {
          count(id, attempt);
          await pause(takes);
          const times = await step('tries', () => ++tries);
          fails(times);
          return `${id} of ${input.join()}`;
        };
        return flow.task(id, { ...common, input, run, retry });
      }
      case 'subflow': {
        const run = createMachine({
          initial: 'one',
          states: {
            one: { after: { [takes + 1]: 'two' } },
            two: { after: { 1: 'end' } },
            end: { type: 'final' },
          },
          output: `${id} was here`,
        });
        return flow.subflow(id, { ...common, run });
      }
      case 'transform':
        return flow.transform(id, {
          ...common,
          run: ({ results }: Seen) => {
            fails(2);
            return seen(results).length;
          },
        });
      case 'choice':
        return flow.choice(id, { ...common, routes: { left: () => size > 2, right: () => luck !== 'bad' } });
      case 'join':
        return flow[after.length === 0 ? 'wait' : 'join'](id, {
          ...common,
          ...(after.length === 0
            ? { for: takes }
            : { wait: size > 2 ? 'all' : Math.min(size, after.length), rest: 'continue' }),
        });
      case 'wait':
        return flow.wait(id, { ...common, for: takes });
      case 'map': {
        const run = async ({ input, index }: { input: number; index: number }): Promise<number> => {
          await pause(takes);
          if (luck === 'bad' && index === size) throw new Error(`${id} has no luck`);
          calls.items.set(`${id}/${index}`, (calls.items.get(`${id}/${index}`) ?? 0) + 1);
          return input * 2;
        };
        return flow.map(id, { ...common, over: () => [...Array(size * 3).keys()], run, concurrency: size });
      }
      case 'loop': {
        const run = fromPromise(async ({ input }: { input: number }) => {
          await pause(takes);
          if (luck === 'bad' && input === 2) throw new Error(`${id} has no luck`);
          return input + 1;
        });
        return flow.loop(id, {
          ...common,
          input: () => 0,
          run,
          until: ({ output }: { output: number }) => output >= size,
        });
      }
      case 'question':
        return flow.question(id, { ...common, ask: { prompt: id } });
      case 'waitFor':
        return flow.waitFor(id, { ...common, event: 'news', key: 'of', equals: () => id });
    }
  };
  return workflow({
    id: 'random',
    nodes: (flow) => {
      nodes.forEach((_, number) => add(flow as unknown as Untyped, number));
      return flow;
    },
  });
}

interface Seen {
  readonly results: Readonly<Record<string, unknown>>;
}
/** What is made by code has no types to check it. */
type Untyped = Record<NodeType, (id: string, options: object) => void>;
