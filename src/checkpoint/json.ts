/**
 * What JSON can hold, and the one way to set a key that works for every key.
 *
 * @module
 */

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Sets an own property. `object[key] = value` would change the prototype when the key is `__proto__`. */
export function put(object: object, key: string, value: unknown, enumerable = true): void {
  if (key === '__proto__' || !enumerable) {
    Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true });
  } else {
    (object as Record<string, unknown>)[key] = value;
  }
}
