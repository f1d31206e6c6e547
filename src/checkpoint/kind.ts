/**
 * What kind of object a value is, as far as storing it goes.
 *
 * @module
 */

/** How an object is stored; `undefined` for an instance of a class that only its author knows. */
export type Kind =
  | 'object'
  | 'array'
  | 'actor'
  | 'binary'
  | 'Error'
  | 'Map'
  | 'Set'
  | 'Date'
  | 'RegExp'
  | 'URL'
  | undefined;

const builtIn = new Map(
  [Map, Set, Date, RegExp, URL].map((known): [object, Kind] => [known.prototype, known.name as Kind]),
);

/**
 * The kind of an object; `undefined` for all other values, too. A subclass of a built-in class is a class of its own, but
 * for errors and Node's Buffer.
 */
export function kindOf(value: unknown): Kind {
  if (typeof value !== 'object' || value === null) return undefined;
  // An XState actor, of whatever copy of XState.
  if ('sessionId' in value && 'ref' in value && typeof Reflect.get(value, 'send') === 'function')
    return 'actor';
  const prototype: object | null = Object.getPrototypeOf(value);
  // An object literal may be of another realm, such as what `fetch` gives inside of Jest.
  if (prototype === null || prototype === Object.prototype || Object.hasOwn(prototype, 'isPrototypeOf'))
    return 'object';
  // The prototype of arrays is an array itself, in every realm; that of a subclass is not.
  if (Array.isArray(value)) return Array.isArray(prototype) ? 'array' : undefined;
  const known = builtIn.get(prototype);
  if (known) return known;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return [tagOf(value), 'Buffer'].includes(classNameOf(value)) ? 'binary' : undefined;
  return value instanceof Error || tagOf(value) === 'Error' ? 'Error' : undefined;
}

/** The name that a value's class goes by. */
export function classNameOf(value: object): string {
  return (value.constructor as { name?: string } | undefined)?.name || 'a class without a name';
}

/** The name of the built-in class that a value is of, `Uint8Array` for Node's Buffer; `Object` where there is none. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** What is wrong with an object literal or an array, whatever its members are. */
export function faultOf(value: object): string | undefined {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol) return `it has the key ${String(symbol)}, a symbol. Use a string.`;
  return 'xstate$$type' in value && value.xstate$$type === 1
    ? 'XState takes it for an actor. Rename the property xstate$$type.'
    : undefined;
}

/** A key beside what an array or a built-in object holds, as a match of a RegExp has. */
export function extraKeyOf(value: object): string | undefined {
  // Indexes come before all other keys.
  const last = Object.keys(value).at(-1);
  return Array.isArray(value) && String(Number(last) >>> 0) === last ? undefined : last;
}
