/**
 * The one walk over a value that is to be stored: what cannot be is refused with its path, and the rest makes a document.
 *
 * @module
 */
import { NotSerializableError, SavepointError } from '../errors.ts';
import type { CustomType } from './custom-type.ts';
import { errorParts } from './error-value.ts';
import { type Json, put } from './json.ts';
import { classNameOf, extraKeyOf, faultOf, type Kind, kindOf } from './kind.ts';
import { isPlainNumber } from './plain.ts';
import { tag } from './tag.ts';

/** Where a value lives, for the message when it cannot be stored. */
export interface Where {
  /** The path of the actor from the root, `''` for the root itself. */
  readonly actor: string;
  /** The path of the value in the actor's state, such as `context.messages`. */
  readonly path: string;
  /**
   * Called for each reference to an actor; throws when it must not be there. `inside` is true where XState would not
   * look for it: in a Map, a Set, an error, or the stored form of a custom type. Without this, each one is refused.
   */
  reference?(actor: object, path: string, inside: boolean): void;
}

/** Makes the document of a value that is not taken apart here. */
export type Atom = (value: unknown, kind?: Kind) => Json;

/** A step of a path: a key, an index, or how to get at a member of a collection. */
type Step = string | number | readonly [text: string];

/** Objects inside of one another, at most. JSON.stringify and our own recursion overflow the stack at some thousands. */
const depthLimit = 1000;

/**
 * Whether JSON alone would not do for a value, and its document where `atom` is given. Without it, the value is looked at
 * for the first time, and every rule holds. Throws NotSerializableError.
 */
export function walk(
  root: unknown,
  where: Where,
  types: readonly CustomType[],
  atom?: Atom,
): { document: Json; rich: boolean } {
  let rich = false;
  /** How many of the objects on the way here are none of JSON's. */
  let inside = 0;
  const path: Step[] = [];
  /** The objects on the way here: `around[i]` is where the first `i` steps of the path lead. */
  const around: object[] = [];
  try {
    const document = visit(root);
    return { document, rich };
  } catch (error) {
    if (SavepointError.isInstance(error)) throw error;
    // A getter, a proxy or a custom type threw, or the stack was full already.
    return refuse(`reading it failed: ${String(error)}`);
  }

  function visit(value: unknown): Json {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && isPlainNumber(value)) return value;
    if (typeof value === 'object') return visitObject(value);
    if (typeof value === 'function' || typeof value === 'symbol')
      return refuse(`it is a ${typeof value}. Keep data here, and name code in setup().`);
    rich = true;
    return atom ? atom(value) : null;
  }

  function visitObject(value: object): Json {
    // What was inspected once need not be again, and is deeper where it is encoded: in a document or in patches.
    if (!atom) {
      const ring = around.indexOf(value);
      if (ring >= 0) refuse(`it is ${render(ring)}, which it is a part of. Keep an id here.`);
      if (around.length >= depthLimit) refuse(`it is nested too deeply, in ${depthLimit} other objects.`);
    }
    const kind = kindOf(value);
    if (kind === 'actor') {
      if (atom) return atom(value, kind);
      if (!where.reference) return refuse('it is an actor. Only a context can refer to one.');
      where.reference(value, render(), inside > 0);
      return null;
    }
    around.push(value);
    let json: Json = null;
    if (kind === 'object' || kind === 'array') {
      const fault = !atom && faultOf(value);
      if (fault) refuse(fault);
      json = kind === 'object' ? members(value) : items(value as unknown[]);
    } else {
      rich = true;
      inside++;
      const parts = partsOf(value, kind);
      if (atom) json = parts ? tag(...parts) : atom(value, kind);
      inside--;
    }
    around.pop();
    return json;
  }

  function members(value: object): Json {
    const keys = Object.keys(value);
    const made = {};
    for (const key of keys) {
      // First the path: an accessor may throw.
      path.push(key);
      const json = visit((value as Record<string, unknown>)[key]);
      path.pop();
      if (atom) put(made, keys.length === 1 && key.startsWith('=') ? `=${key}` : key, json);
    }
    return made;
  }

  function items(value: unknown[]): Json {
    refuseExtraKey(value);
    const keys = Object.keys(value);
    const made: Json[] = [];
    if (keys.length === value.length) {
      for (let i = 0; i < value.length; i++) made.push(member(i, value[i]));
      return made;
    }
    rich = true;
    for (const key of keys) made.push([Number(key), member(Number(key), value[Number(key)])]);
    return tag('Array', [value.length, ...made]);
  }

  /** The name and the body of a tagged value; undefined for what only `atom` can make a document of. */
  function partsOf(value: object, kind: Kind): [name: string, body: Json] | undefined {
    const custom = types.find((type) => type.is(value));
    if (custom) return [`:${custom.name}`, member([''], custom.encode(value))];
    if (kind === undefined)
      return refuse(
        value instanceof Promise
          ? 'it is a Promise. Invoke it, and keep its result.'
          : `it is an instance of ${classNameOf(value)}. Keep plain data, or register the class: ` +
              `createRuntime({ types }).`,
      );
    if (kind === 'Error') {
      const { is, hidden, own } = errorParts(value as Error);
      return [kind, { is, hidden: members(hidden), own: members(own) }];
    }
    if (kind === 'binary') return undefined;
    refuseExtraKey(value);
    const list: Json[] = [];
    if (kind === 'Map') {
      for (const [key, item] of value as Map<unknown, unknown>) {
        const { length } = list;
        const name = typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${length}]`;
        list.push([member([`.keys()[${length}]`], key), member([name], item)]);
      }
    } else if (kind === 'Set') {
      for (const item of value as Set<unknown>) list.push(member([`.values()[${list.length}]`], item));
    } else return undefined;
    return [kind, list];
  }

  function member(step: Step, value: unknown): Json {
    path.push(step);
    const json = visit(value);
    path.pop();
    return json;
  }

  function refuseExtraKey(value: object): void {
    const key = extraKeyOf(value);
    if (key === undefined) return;
    path.push(key);
    refuse('an array, a Map or a Date is stored without other properties. Use an object.');
  }

  function refuse(hint: string): never {
    throw new NotSerializableError(where.actor, render(), hint);
  }

  function render(length?: number): string {
    let text = where.path;
    for (const step of path.slice(0, length)) {
      if (typeof step === 'object') text += step[0];
      else text += /^[a-z_$][\w$]*$/i.test(String(step)) ? `.${step}` : `[${JSON.stringify(step)}]`;
    }
    return text;
  }
}
