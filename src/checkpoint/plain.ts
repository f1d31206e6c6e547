/**
 * The quick look at a value, several times a turn: most are plain data, which JSON alone can hold.
 *
 * @module
 */

/**
 * True when JSON.parse(JSON.stringify(value)) equals `value` for certain. It keeps no path and allocates no more than it
 * must; whatever is unusual (cycles, too) is left to the careful walk of inspect.ts.
 */
export function isCertainlyPlain(value: unknown): boolean {
  try {
    return isPlain(value, 0);
  } catch {
    // A getter or a proxy: the careful walk meets it again, and says where.
    return false;
  }
}

/** True for a number that JSON can hold: not NaN, not infinite, not -0. */
export function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}

function isPlain(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return isPlainNumber(value);
  if (typeof value !== 'object' || depth === 50) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const key in value)
      if (key === 'xstate$$type' || !isPlain((value as Record<string, unknown>)[key], depth + 1))
        return false;
  } else {
    if (prototype !== Array.prototype || !Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
    // A hole was read as undefined above. What is left are keys beside the items.
    if (Object.keys(value).length !== value.length) return false;
  }
  return Object.getOwnPropertySymbols(value).length === 0;
}
