/**
 * What kind of object a value is, as far as storing it goes.
 *
 * @module
 */

/** How an object is stored; `undefined` for an instance of a class that only its author knows. */
export type Kind = 'object' | 'array' | 'actor' | 'map' | 'set' | 'error' | 'binary' | 'leaf' | undefined;

const builtIn = new Map<object, Kind>([
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [ArrayBuffer.prototype, 'binary'],
  [Date.prototype, 'leaf'],
  [RegExp.prototype, 'leaf'],
  [URL.prototype, 'leaf'],
]);

/** The kind of `value`. A subclass of a built-in class is a class of its own, but for errors and Node's Buffer. */
export function kindOf(value: object): Kind {
  if (isActor(value)) return 'actor';
  if (isPlainObject(value)) return 'object';
  const prototype: object = Object.getPrototypeOf(value);
  // The prototype of arrays is an array itself, in every realm; that of a subclass is not.
  if (Array.isArray(value)) return Array.isArray(prototype) ? 'array' : undefined;
  if (ArrayBuffer.isView(value)) return isOwnView(value) ? 'binary' : undefined;
  return builtIn.get(prototype) ?? (isError(value) ? 'error' : undefined);
}

/** True for an object literal, also one of another realm, such as what `fetch` gives inside of Jest. */
function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  );
}

/** True for an XState actor, of whatever copy of XState. */
function isActor(value: object): boolean {
  return 'sessionId' in value && 'ref' in value && 'send' in value && typeof value.send === 'function';
}

/** The name that a value's class goes by, for messages. */
export function classNameOf(value: object): string {
  const { constructor } = value;
  return (typeof constructor === 'function' && constructor.name) || 'a class without a name';
}

function isError(value: object): boolean {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function isOwnView(value: ArrayBufferView): boolean {
  const name = classNameOf(value);
  return name === Object.prototype.toString.call(value).slice(8, -1) || name === 'Buffer';
}
