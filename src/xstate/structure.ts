/**
 * The structure of a machine, whatever its functions do. Its hash is written with each base: a run whose
 * hash is another one has to be looked at before it is restored.
 */
import type { AnyStateMachine } from 'xstate';
import { textHash } from '../checkpoint/hash.ts';

/** Is this actor logic a machine? */
export const isMachine = (logic: object | undefined): logic is AnyStateMachine =>
  logic !== undefined && 'getStateNodeById' in logic;

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
      if (typeof value === 'bigint') return String(value);
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
