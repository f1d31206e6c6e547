/** Graphs made at random, as data: with the same seed they come again. */
import fc from 'fast-check';
import type { NodeType } from 'savepoint/machines';

/** A node of a random graph. What does not go with its type says nothing. */
export interface RandomNode {
  readonly type: NodeType;
  /** Where its edges come from: numbers of nodes before it, made to fit. */
  readonly after: readonly number[];
  /** Which of the routes before it its edges follow. */
  readonly route: number;
  /** `late`: the first attempt never ends, and is cut off. */
  readonly luck: 'good' | 'good the second time' | 'late' | 'bad';
  readonly onError: 'fail' | 'skip' | 'route';
  readonly when: boolean;
  /** How long its work takes, in milliseconds. */
  readonly takes: number;
  /** How many items, iterations, or nodes that a join waits for. */
  readonly size: number;
  /** Whether it has `compensate`. */
  readonly undo: boolean;
  readonly ephemeral: boolean;
  readonly cache: boolean;
  readonly interrupt: 'rerun' | 'fail' | 'ask' | undefined;
  /** Of a join: it is a race between one that comes and one that never does, which it cancels. */
  readonly race: boolean;
}

/** A graph of them. */
export interface RandomGraph {
  readonly nodes: readonly RandomNode[];
  readonly concurrency?: number | undefined;
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
  luck: fc.constantFrom('good', 'good', 'good', 'good', 'good the second time', 'late', 'bad'),
  onError: fc.nat(60).map((digit) => (digit === 0 ? 'fail' : digit % 2 === 0 ? 'skip' : 'route')),
  when: fc.nat(9).map((digit) => digit > 0),
  takes: fc.nat(4),
  size: fc.integer({ min: 1, max: 4 }),
  undo: fc.boolean(),
  ephemeral: fc.nat(5).map((digit) => digit === 0),
  cache: fc.nat(4).map((digit) => digit === 0),
  interrupt: fc.constantFrom(undefined, undefined, 'rerun', 'fail', 'ask'),
  race: fc.nat(2).map((digit) => digit === 0),
});

/** Graphs of up to `most` nodes. */
export const graphs = (most: number): fc.Arbitrary<RandomGraph> =>
  fc.record({
    nodes: fc.array(node, { minLength: 2, maxLength: most, size: 'max' }).map((nodes) => upTo(most, nodes)),
    concurrency: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 2 }),
  });

/** A race has two nodes more than itself. */
function upTo(most: number, nodes: readonly RandomNode[]): readonly RandomNode[] {
  let count = 0;
  return nodes.filter(({ type, race }) => (count += type === 'join' && race ? 3 : 1) <= most);
}

/** The graph of a seed. */
export const graphOf = (seed: number, most: number): RandomGraph =>
  fc.sample(graphs(most), { seed, numRuns: 1 })[0]!;
