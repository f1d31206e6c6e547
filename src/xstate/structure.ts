/**
 * The structure of a machine: what a stored run stands on, whatever its functions do.
 *
 * Its hash is written with each base. A run whose hash is another one opens as long as everything that
 * its checkpoint names is still there.
 */
import type { AnyStateMachine } from 'xstate';
import { textHash } from '../checkpoint/hash.ts';
import { childPath } from './actor-path.ts';
import type { Document } from './capture.ts';

type Node = AnyStateMachine['root'];
type Logic = object | undefined;

/** By id; XState keeps it to itself. */
const nodeOf = (machine: AnyStateMachine, id: string): Node | undefined =>
  (machine as unknown as { readonly idMap: ReadonlyMap<string, Node> }).idMap.get(id);

const isMachine = (logic: Logic): logic is AnyStateMachine =>
  logic !== undefined && 'getStateNodeById' in logic;

const inline = /^xstate\.invoke\.(\d+)\.(.*)$/;

/** The logic that a stored `src` names, as XState resolves it. */
function sourceOf(machine: AnyStateMachine, src: string): Logic {
  const [, index, nodeId] = inline.exec(src) ?? [];
  if (nodeId === undefined)
    return Object.hasOwn(machine.implementations.actors, src)
      ? (machine.implementations.actors[src] as Logic)
      : undefined;
  const node = nodeOf(machine, nodeId);
  const invoke = node?.config.invoke as unknown;
  const config = (Array.isArray(invoke) ? invoke[Number(index)] : invoke) as { src?: unknown } | undefined;
  return typeof config?.src === 'object' ? (config.src as Logic) : undefined;
}

const hashes = new WeakMap<AnyStateMachine, string>();

// In a state's config, these say nothing about what a run can stand on, and those have names of the user's for keys.
const beside = new Set(['context', 'meta', 'description', 'schemas', 'types', 'output', 'input']);
const named = new Set(['states', 'on', 'after']);

/** A hash over states, transitions, delays and actor sources, of this machine and of those that it names. */
export function structureHash(machine: AnyStateMachine): string {
  let hash = hashes.get(machine);
  if (hash === undefined) {
    const seen = new Set<unknown>();
    const text = JSON.stringify({ machine }, function (this: Record<string, unknown>, key: string) {
      const value = this[key]; // not what the machine's own toJSON() makes of it
      if (typeof value === 'function') return '';
      if (typeof value !== 'object' || value === null) return beside.has(key) ? undefined : value;
      if (beside.has(key) || seen.has(value)) return undefined;
      seen.add(value);
      if (isMachine(value)) return [value.config, Object.entries(value.implementations.actors)];
      if (named.has(key)) return Object.entries(value);
      return 'transition' in value ? '' : value;
    });
    hash = textHash(text);
    hashes.set(machine, hash);
  }
  return hash;
}

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
