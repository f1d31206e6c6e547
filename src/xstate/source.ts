/** The logic that a stored actor has, found by its name. */
import type { AnyStateMachine } from 'xstate';

type Node = AnyStateMachine['root'];

/** By id; XState keeps it to itself. */
export const nodeOf = (machine: AnyStateMachine, id: string): Node | undefined =>
  (machine as unknown as { readonly idMap: ReadonlyMap<string, Node> }).idMap.get(id);

const inline = /^xstate\.invoke\.(\d+)\.(.*)$/;

/** The logic that a stored `src` names, as XState resolves it. */
export function sourceOf(machine: AnyStateMachine, src: string): object | undefined {
  const [, index, nodeId] = inline.exec(src) ?? [];
  if (nodeId === undefined)
    return Object.hasOwn(machine.implementations.actors, src)
      ? (machine.implementations.actors[src] as object)
      : undefined;
  const node = nodeOf(machine, nodeId);
  const invoke = node?.config.invoke as unknown;
  const config = (Array.isArray(invoke) ? invoke[Number(index)] : invoke) as { src?: unknown } | undefined;
  return typeof config?.src === 'object' ? (config.src as object) : undefined;
}

/** The logic behind names from the root down. */
export function logicAt(machine: AnyStateMachine, sources: readonly string[]): object | undefined {
  let logic: object | undefined = machine;
  for (const source of sources)
    logic = logic && 'getStateNodeById' in logic ? sourceOf(logic as AnyStateMachine, source) : undefined;
  return logic;
}
