/** What cannot be a workflow is refused when it is made, by an error that names the node. */
import { describe, expect, it } from 'vitest';
import { SavepointError } from '../../src/index.ts';
import { WorkflowError } from './errors.ts';
import type { NodeShape, NodeType } from './graph/definition.ts';
import { graphOf } from './graph/graph.ts';
import { workflow } from './workflow.ts';

const task = (id: string, ...after: string[]): NodeShape => ({ id, type: 'task', after });

function refusal(act: () => unknown): WorkflowError {
  try {
    act();
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('a graph', () => {
  const refused: [what: string, nodes: readonly NodeShape[], code: string, node: string][] = [
    ['a cycle', [task('a'), task('b', 'a', 'd'), task('c', 'b'), task('d', 'c')], 'WORKFLOW_CYCLE', 'b'],
    ['a node that waits for itself', [task('a', 'a')], 'WORKFLOW_CYCLE', 'a'],
    ['an unknown dependency', [task('a', 'nobody')], 'WORKFLOW_UNKNOWN_DEPENDENCY', 'a'],
    ['two nodes of one id', [task('a'), task('a')], 'WORKFLOW_NODE_TWICE', 'a'],
    ['a route that no choice has', [task('a'), task('b', 'a:big')], 'WORKFLOW_UNREACHABLE', 'b'],
    [
      'the route of an error that fails the flow',
      [task('a'), task('b', 'a:error')],
      'WORKFLOW_UNREACHABLE',
      'b',
    ],
    [
      'a join of more than it has',
      [task('a'), { id: 'j', type: 'join', after: ['a'], wait: 2 }],
      'WORKFLOW_UNREACHABLE',
      'j',
    ],
    ['a choice without a route', [{ id: 'c', type: 'choice', routes: [] }], 'WORKFLOW_NO_ROUTE', 'c'],
    ['an id that would name a route', [task('a:b')], 'WORKFLOW_NODE_ID', 'a:b'],
    ['an empty id', [task('')], 'WORKFLOW_NODE_ID', ''],
    ['the same edge twice', [task('a'), task('b', 'a', 'a')], 'WORKFLOW_DEFINITION', 'b'],
  ];

  it.each(refused)('with %s is refused', (_, nodes, code, node) => {
    const error = refusal(() => graphOf({ nodes }));
    expect(error).toMatchObject({ code, node, name: 'WorkflowError' });
    expect(error.message).toContain(node);
    expect(error).toBeInstanceOf(SavepointError);
  });

  it('without a node is refused', () => {
    expect(refusal(() => workflow({ id: 'w', nodes: (flow) => flow }))).toMatchObject({
      code: 'WORKFLOW_DEFINITION',
    });
  });

  it('names the nodes of a circle in order', () => {
    const nodes = [task('a', 'c'), task('b', 'a'), task('c', 'b')];
    expect(refusal(() => graphOf({ nodes })).message).toContain("'a' → 'b' → 'c' → 'a'");
  });
});

describe('a node', () => {
  const run = async (): Promise<number> => 1;
  const refused: [type: NodeType, options: object, what: string][] = [
    ['task', {}, "'run', a function or actor logic"],
    ['task', { run: 'charge' }, "'run', a function or actor logic"],
    ['task', { run, after: 'a' }, "'after' to be a list"],
    ['task', { run, input: 5 }, "'input' to be a function"],
    ['task', { run, when: true }, "'when' to be a function"],
    ['task', { run, retry: { limit: -1 } }, "another 'retry': 'retry.limit' is a number of retries"],
    ['loop', { run }, "'until', a function"],
    ['map', { run, over: [1, 2] }, "'over', a function"],
    ['map', { run, over: () => [1], concurrency: 0 }, "a 'concurrency' of 1 or more"],
    ['transform', { run: 5 }, "'run', a function"],
    ['choice', { routes: { big: 'yes' } }, "'routes', each of them"],
    ['question', {}, "'ask', a question"],
    ['waitFor', {}, "'event', the type"],
    ['wait', {}, "either 'for' or 'until'"],
    ['wait', { for: 5, until: 5 }, "either 'for' or 'until'"],
  ];

  it.each(refused)('that is a %s with %o is refused', (type, options, what) => {
    const nodes = (flow: unknown): never =>
      (flow as Record<NodeType, (id: string, options: object) => never>)[type]('n', options);
    const error = refusal(() => workflow({ id: 'w', nodes }));
    expect(error).toMatchObject({ code: 'WORKFLOW_DEFINITION', node: 'n' });
    expect(error.message).toContain(`The ${type} 'n' needs ${what}`);
  });

  it.each([0, -1, 1.5, Number.NaN])('could not work in a flow where %d may at a time', (concurrency) => {
    expect(() => workflow({ id: 'w', concurrency, nodes: (flow) => flow.task('a', { run }) })).toThrow(
      "'w' needs a 'concurrency' of 1 or more",
    );
  });
});
