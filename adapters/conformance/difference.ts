/**
 * Where two values differ, in words.
 *
 * @module
 */

/** As much of a value as is good to read in a message. */
const longest = 300;

/**
 * The first difference of two values, or `undefined` where there is none. Objects are compared by what they
 * hold, and a property that is `undefined` is as good as none. Bytes are equal to bytes alone.
 */
export function difference(actual: unknown, expected: unknown, path = ''): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (!isObject(actual) || !isObject(expected)) return said(actual, expected, path);
  if (kindOf(actual) !== kindOf(expected)) return said(actual, expected, path);
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    const same = actual.length === expected.length && actual.every((byte, i) => byte === expected[i]);
    return same ? undefined : said(actual, expected, path);
  }
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length !== expected.length) {
    return said(actual, expected, path);
  }
  for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const at = Array.isArray(actual) ? `${path}[${key}]` : `${path}.${key}`;
    const found = difference(Reflect.get(actual, key), Reflect.get(expected, key), at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A value, cut short, with what cannot be seen written out. */
export function shown(value: unknown): string {
  const text = written(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`;
}

function written(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value instanceof Uint8Array) {
    const more = value.length > 32 ? ', …' : '';
    return `${value.length} bytes [${[...value.subarray(0, 32)].join(', ')}${more}]`;
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'string' && value.length > longest) return JSON.stringify(value.slice(0, longest + 1));
  return typeof value === 'function' ? 'a function' : JSON.stringify(value);
}

function said(actual: unknown, expected: unknown, path: string): string {
  const where = path === '' ? '' : ` at ${path}`;
  return `expected${where} ${shown(expected)}, got ${shown(actual)}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A Buffer is no plain `Uint8Array`: it is read differently. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return 'list';
  return value instanceof Uint8Array ? value.constructor.name : 'object';
}
