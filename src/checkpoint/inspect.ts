/**
 * Looks at a value before it is stored: what kind of document it needs, and whether it can be stored at all.
 *
 * @module
 */
import { NotSerializableError, SavepointError } from '../errors.ts';
import type { CustomType } from './custom-type.ts';
import { errorParts } from './error-value.ts';
import { classNameOf, type Kind, kindOf } from './kind.ts';
import { isPlainNumber } from './plain.ts';

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

/** Objects inside of one another, at most. JSON.stringify and our own recursion overflow the stack at some thousands. */
const depthLimit = 1000;

/** The whole truth about a value that is not plain for certain. Throws NotSerializableError. */
export function inspectCarefully(
  value: unknown,
  where: Where,
  types: readonly CustomType[],
): 'plain' | 'rich' {
  const walk = new Walk(where, types);
  try {
    walk.visit(value, false);
  } catch (error) {
    if (SavepointError.isInstance(error)) throw error;
    // A getter, a proxy or a custom type threw, or the stack was full already.
    walk.refuse(`reading it failed with ${String(error)}.`);
  }
  return walk.rich ? 'rich' : 'plain';
}

/** A step of a path: a key, an index, or how to get at a member of a collection. */
type Step = string | number | { readonly text: string };

class Walk {
  rich = false;
  private readonly path: Step[] = [];
  /** The objects on the way here: `around[i]` is where the first `i` steps of the path lead. */
  private readonly around: object[] = [];
  private readonly where: Where;
  private readonly types: readonly CustomType[];

  constructor(where: Where, types: readonly CustomType[]) {
    this.where = where;
    this.types = types;
  }

  visit(value: unknown, inside: boolean): void {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return;
      case 'object':
        if (value !== null) this.visitObject(value, inside);
        return;
      case 'number':
        this.rich ||= !isPlainNumber(value);
        return;
      case 'undefined':
      case 'bigint':
        this.rich = true;
        return;
      case 'function':
        return this.refuse(
          'it is a function. Name code in setup(), and keep here the data that it works on.',
        );
      case 'symbol':
        return this.refuse('it is a symbol. Use a string.');
    }
  }

  refuse(hint: string): never {
    throw new NotSerializableError(this.where.actor, this.render(this.path.length), hint);
  }

  private visitObject(value: object, inside: boolean): void {
    const { around, where } = this;
    const ring = around.indexOf(value);
    if (ring >= 0)
      this.refuse(`it is ${this.render(ring)}, which it is a part of. Break the cycle: keep an id here.`);
    if (around.length >= depthLimit) this.refuse(`it is nested too deeply, in ${depthLimit} other objects.`);
    const kind = kindOf(value);
    if (kind === 'actor') {
      if (!where.reference)
        this.refuse('it is an actor. References to actors can be kept in a context only.');
      return where.reference(value, this.render(this.path.length), inside);
    }
    around.push(value);
    if (kind === 'object') this.visitPlain(value, inside);
    else if (kind === 'array') this.visitArray(value as unknown[], inside);
    else this.visitRich(value, kind);
    around.pop();
  }

  private visitPlain(value: object, inside: boolean): void {
    this.refuseSymbolKeys(value);
    if (Object.hasOwn(value, 'xstate$$type') && Reflect.get(value, 'xstate$$type') === 1) {
      this.refuse(
        'XState takes an object with xstate$$type: 1 for a reference to an actor. Rename that property.',
      );
    }
    for (const key of Object.keys(value)) {
      // First the path: an accessor may throw.
      this.path.push(key);
      this.visit(Reflect.get(value, key), inside);
      this.path.pop();
    }
  }

  private visitArray(value: unknown[], inside: boolean): void {
    this.refuseSymbolKeys(value);
    const keys = Object.keys(value);
    const last = keys.at(-1);
    // Indexes come before all other keys.
    if (last !== undefined && String(Number(last) >>> 0) !== last) {
      this.path.push(last);
      this.refuse('an array keeps its items only. Use an object for other properties.');
    }
    this.rich ||= keys.length !== value.length;
    for (const key of keys) this.step(Number(key), value[Number(key)], inside);
  }

  private visitRich(value: object, kind: Kind): void {
    this.rich = true;
    const custom = this.types.find((type) => type.is(value));
    if (custom) return this.step({ text: '' }, custom.encode(value), true);
    if (kind === undefined) {
      return this.refuse(
        value instanceof Promise
          ? 'it is a Promise. Wait for it in an invoked actor, and keep its result.'
          : `it is an instance of ${classNameOf(value)}. Keep its data as a plain object, or register the class with ` +
              `createRuntime({ types }).`,
      );
    }
    if (kind === 'error') {
      const { hidden, own } = errorParts(value as Error);
      for (const key of Object.keys(hidden)) this.step(key, hidden[key], true);
      for (const key of Object.keys(own)) this.step(key, own[key], true);
      return;
    }
    if (kind === 'binary') return;
    const extra = Object.keys(value)[0];
    if (extra !== undefined) {
      this.path.push(extra);
      this.refuse(`a ${classNameOf(value)} is stored without other properties. Put both into one object.`);
    }
    if (kind === 'map') {
      let i = 0;
      for (const [key, item] of value as Map<unknown, unknown>) {
        this.step({ text: `.keys()[${i}]` }, key, true);
        this.step(
          { text: typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${i}]` },
          item,
          true,
        );
        i++;
      }
    } else if (kind === 'set') {
      let i = 0;
      for (const item of value as Set<unknown>) this.step({ text: `.values()[${i++}]` }, item, true);
    }
  }

  private step(step: Step, value: unknown, inside: boolean): void {
    this.path.push(step);
    this.visit(value, inside);
    this.path.pop();
  }

  private refuseSymbolKeys(value: object): void {
    const symbol = Object.getOwnPropertySymbols(value)[0];
    if (symbol !== undefined) this.refuse(`it has the key ${String(symbol)}, a symbol. Use a string.`);
  }

  private render(length: number): string {
    let text = this.where.path;
    for (const step of this.path.slice(0, length)) {
      if (typeof step === 'object') text += step.text;
      else if (typeof step === 'number') text += `[${step}]`;
      else
        text += /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
          ? `.${step}`
          : `[${JSON.stringify(step)}]`;
    }
    return text;
  }
}
