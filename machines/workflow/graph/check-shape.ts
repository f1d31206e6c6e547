/** What a graph cannot be: each fault names the node. */
import { WorkflowError } from '../errors.ts';
import type { NodeShape } from './definition.ts';
import { ERROR_ROUTE, needed, splitReference } from './references.ts';

/** Throws `WorkflowError` for a graph that could never run to its end. */
export function checkShape(nodes: readonly NodeShape[]): void {
  if (nodes.length === 0) throw new WorkflowError('WORKFLOW_DEFINITION', 'A workflow has at least one node.');
  const byId = new Map<string, NodeShape>();
  for (const node of nodes) {
    checkId(node.id);
    if (byId.has(node.id))
      throw new WorkflowError(
        'WORKFLOW_NODE_TWICE',
        `Two nodes have the id '${node.id}'. Rename one.`,
        node.id,
      );
    byId.set(node.id, node);
  }
  for (const node of nodes) checkEdges(node, byId);
  checkCycles(nodes, byId);
}

// What an object cannot have for a key, or cannot keep.
const refusedIds = new Set(['__proto__', 'constructor', 'prototype']);

function checkId(id: unknown): void {
  if (
    typeof id === 'string' &&
    id !== '' &&
    !id.includes(':') &&
    !/[\0\p{Surrogate}]/u.test(id) &&
    !refusedIds.has(id)
  )
    return;
  throw new WorkflowError(
    'WORKFLOW_NODE_ID',
    `A node's id is a text without ':', which leads to a route; it was ${JSON.stringify(id)}.`,
    String(id),
  );
}

function checkEdges(node: NodeShape, byId: ReadonlyMap<string, NodeShape>): void {
  const { id, type, after = [], routes = [], wait } = node;
  for (const reference of after) {
    const target = splitReference(reference);
    const before = byId.get(target.id);
    if (!before)
      throw new WorkflowError(
        'WORKFLOW_UNKNOWN_DEPENDENCY',
        `The node '${id}' comes after '${reference}', and there is no node '${target.id}'.`,
        id,
      );
    if (target.route !== undefined && !routesOf(before).includes(target.route))
      throw new WorkflowError('WORKFLOW_UNREACHABLE', unreachable(id, reference, before), id);
  }
  if (after.length !== new Set(after).size)
    throw new WorkflowError('WORKFLOW_DEFINITION', `The node '${id}' comes twice after the same node.`, id);
  if (type === 'choice' && routes.length === 0)
    throw new WorkflowError('WORKFLOW_NO_ROUTE', `The choice '${id}' has no route to choose.`, id);
  if (type === 'join' && (after.length === 0 || needed(wait) > after.length))
    throw new WorkflowError(
      'WORKFLOW_UNREACHABLE',
      `The join '${id}' waits for ${String(wait ?? 'all')} of ${after.length} nodes, which can never be.`,
      id,
    );
}

function unreachable(id: string, reference: string, before: NodeShape): string {
  const routes = routesOf(before);
  const way =
    routes.length > 0
      ? `It has ${routes.join(', ')}`
      : before.type === 'choice' || reference.endsWith(`:${ERROR_ROUTE}`)
        ? `Give it onError: 'route'`
        : 'It has none';
  return `Nobody can reach the node '${id}': '${before.id}' has no route '${reference.slice(before.id.length + 1)}'. ${way}.`;
}

const routesOf = ({ routes = [], onError }: NodeShape): readonly string[] => [
  ...routes.map(({ name }) => name),
  ...(onError === 'route' ? [ERROR_ROUTE] : []),
];

/** Takes away what depends on nothing that is left, until nothing is: what cannot be taken away goes in a circle. */
function checkCycles(nodes: readonly NodeShape[], byId: ReadonlyMap<string, NodeShape>): void {
  const open = new Map(nodes.map(({ id, after = [] }) => [id, after.length]));
  const dependents = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { id, after = [] } of nodes)
    for (const reference of after) dependents.get(splitReference(reference).id)!.push(id);
  const free = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    open.delete(id);
    for (const dependent of dependents.get(id)!) {
      const left = open.get(dependent)! - 1;
      open.set(dependent, left);
      if (left === 0) free.push(dependent);
    }
  }
  const [first] = open.keys();
  if (first !== undefined) {
    const circle = circleFrom(first, open, byId);
    throw new WorkflowError(
      'WORKFLOW_CYCLE',
      `The nodes ${circle.map((id) => `'${id}'`).join(' → ')} wait for each other in a circle.`,
      circle[0],
    );
  }
}

/** Walks back along nodes that are left, until one comes again. */
function circleFrom(
  start: string,
  left: ReadonlyMap<string, number>,
  byId: ReadonlyMap<string, NodeShape>,
): string[] {
  const path: string[] = [];
  for (let id = start; ;) {
    const seen = path.indexOf(id);
    if (seen >= 0) return [id, ...path.slice(seen).reverse()];
    path.push(id);
    id = (byId.get(id)!.after ?? [])
      .map((reference) => splitReference(reference).id)
      .find((other) => left.has(other))!;
  }
}
