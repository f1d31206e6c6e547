/** Can a machine go on from what another definition of it wrote? As long as all that it names is still there. */
import type { AnyStateMachine } from 'xstate';
import { childPath } from './actor-path.ts';
import type { Document } from './capture.ts';
import { nodeOf, sourceOf } from './source.ts';
import { isMachine } from './structure.ts';

type Node = AnyStateMachine['root'];
type Logic = object | undefined;

/** What a document names and `machine` does not have, one line each. Empty: it can be restored. */
export function missingFrom(machine: AnyStateMachine, document: Document): string[] {
  const missing: string[] = [];
  const logics = new Map<string, Logic>();
  visit(machine, document.snapshot as StoredSnapshot, '', missing, logics);
  for (const { target, event } of Object.values(document.delays)) {
    const logic = logics.get(target);
    if (isMachine(logic) && !takes(logic.root, event.type))
      missing.push(`the pending delay's event '${event.type}' of ${nameOf(target)}`);
  }
  return missing;
}

interface StoredSnapshot {
  readonly status?: unknown;
  readonly value?: unknown;
  readonly children?: Readonly<Record<string, { readonly src: string; readonly snapshot: StoredSnapshot }>>;
  readonly historyValue?: Readonly<Record<string, readonly { readonly id: string }[]>>;
}

const nameOf = (path: string): string => (path === '' ? 'the root actor' : `actor '${path}'`);

function visit(
  logic: Logic,
  stored: StoredSnapshot,
  path: string,
  missing: string[],
  logics: Map<string, Logic>,
): void {
  logics.set(path, logic);
  if (stored.value === undefined) return;
  if (!isMachine(logic)) return void missing.push(`the machine of ${nameOf(path)}`);
  missingStates(logic.root, stored.value, (id) => missing.push(`state '${id}' of ${nameOf(path)}`));
  for (const nodes of Object.values(stored.historyValue ?? {}))
    for (const { id } of nodes)
      if (!nodeOf(logic, id)) missing.push(`state '${id}', kept in the history of ${nameOf(path)}`);
  for (const [id, child] of Object.entries(stored.children ?? {})) {
    const below = childPath(path, id);
    const source = sourceOf(logic, child.src);
    if (source === undefined) missing.push(`actor source '${child.src}' of ${nameOf(below)}`);
    else visit(source, child.snapshot, below, missing, logics);
  }
}

function missingStates(node: Node, value: unknown, report: (id: string) => void): void {
  const below = typeof value === 'string' ? { [value]: undefined } : (value as Record<string, unknown>);
  for (const [key, inner] of Object.entries(below)) {
    const child = Object.hasOwn(node.states, key) ? node.states[key] : undefined;
    if (child === undefined) report(`${node.id}.${key}`);
    else if (inner !== undefined) missingStates(child, inner, report);
  }
}

/** Has any state of the machine a transition for this type of event? */
function takes(node: Node, type: string): boolean {
  for (const descriptor of node.transitions.keys())
    if (
      descriptor === type ||
      descriptor === '*' ||
      (descriptor.endsWith('.*') && type.startsWith(descriptor.slice(0, -1)))
    )
      return true;
  return Object.values(node.states).some((child) => takes(child, type));
}
