/**
 * The order in which a machine lists its active states: that in which they were entered. XState looks for
 * eventless transitions of parallel regions in it, and the first one wins where they conflict; but it
 * restores a snapshot in an order that it makes from the state value.
 */
import type { AnyStateMachine, StateValue } from 'xstate';
import type { LiveMachineSnapshot } from './insider.ts';

type Node = AnyStateMachine['root'];
type Nodes = readonly Node[];

/** The active states, in order, each by its place in the machine's definition. */
export type NodeOrder = readonly number[];

const withRegions = new WeakMap<Node, boolean>();

/** Only there can two states be active that are not one within the other. */
function hasRegions(node: Node): boolean {
  let found = withRegions.get(node);
  if (found === undefined) {
    found = node.type === 'parallel' || Object.values(node.states).some(hasRegions);
    withRegions.set(node, found);
  }
  return found;
}

const orders = new WeakMap<Nodes, NodeOrder | undefined>();

/** The order of a live snapshot's states; undefined where the state value tells it, as in most machines. */
export function nodeOrder({ machine, status, value, _nodes }: LiveMachineSnapshot): NodeOrder | undefined {
  if (status !== 'active' || !hasRegions(machine.root)) return undefined;
  const nodes = _nodes as Nodes;
  let order = orders.get(nodes);
  if (order === undefined && !orders.has(nodes)) {
    // Of states that have states below them, the value has the order; nobody asks for any other of them.
    const told = listed(machine.root, value as StateValue).filter(isInnermost);
    const isTold = nodes.filter(isInnermost).every((node, at) => node === told[at]);
    order = isTold ? undefined : nodes.map((node) => node.order);
    orders.set(nodes, order);
  }
  return order;
}

export const isSameOrder = (a: NodeOrder | undefined, b: NodeOrder | undefined): boolean =>
  a === b || String(a) === String(b);

/** Puts the states of a restored snapshot into the order that they had. */
export function putInOrder(snapshot: LiveMachineSnapshot, order: NodeOrder | undefined): void {
  const { machine, value } = snapshot;
  if (!hasRegions(machine.root)) return;
  const nodes = listed(machine.root, value as StateValue);
  const ordered = order?.map((place) => nodes.find((node) => node.order === place));
  // Where the definition is another one now, its states have other places.
  const fits =
    ordered?.length === nodes.length &&
    new Set(ordered).size === nodes.length &&
    !ordered.includes(undefined);
  (snapshot as { _nodes: readonly unknown[] })._nodes = fits ? ordered : nodes;
}

const isInnermost = ({ type }: Node): boolean => type === 'atomic' || type === 'final';

/** The active states by the state value: each before those below it, and siblings as the value has them. */
function listed(node: Node, value: StateValue, nodes: Node[] = []): Node[] {
  nodes.push(node);
  if (typeof value === 'string') nodes.push(node.states[value]!);
  else for (const key in value) listed(node.states[key]!, value[key]!, nodes);
  return nodes;
}
