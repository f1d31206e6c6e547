/**
 * Refuses what the functions of a node give that no store can keep. Their turn may be that of another node's work, whose
 * outcome would be refused with it: the one that did its work would fail for the one that did not.
 */
import { NotSerializableError } from '../../../src/index.ts';

// What was looked at once, and is not changed: it comes again as the input of other nodes.
const known = new WeakSet<object>();

/**
 * Throws `NotSerializableError` for functions, symbols, promises and cycles in data. What only a codec knows, such as an
 * instance of a class, is left to whoever stores it.
 */
export function checkStorable(value: unknown, node: string, path: string): void {
  check(value, node, path, new Set());
}

function check(value: unknown, node: string, path: string, above: Set<object>): void {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new NotSerializableError(
      node,
      path,
      `it is a ${typeof value}. Give data, and keep code in the nodes.`,
    );
  if (typeof value !== 'object' || value === null || known.has(value)) return;
  if (value instanceof Promise)
    throw new NotSerializableError(node, path, 'it is a Promise. What awaits something is a task.');
  if (above.has(value))
    throw new NotSerializableError(node, path, 'it leads back to itself. Give data without cycles.');
  const members = membersOf(value);
  if (!members) return;
  above.add(value);
  for (const [key, member] of members) check(member, node, `${path}${key}`, above);
  above.delete(value);
  known.add(value);
}

/** The members of data, by what is added to its path for them. */
function membersOf(value: object): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item: unknown, at) => [`[${at}]`, item] as const);
  if (value instanceof Map || value instanceof Set)
    return [...(value as Iterable<unknown>)].map((item, at) => [`[${at}]`, item] as const);
  if (value instanceof Error) return [['.cause', value.cause], ...named(value)];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  return named(value);
}

const named = (value: object): readonly (readonly [string, unknown])[] =>
  Object.entries(value).map(([key, member]) => [`.${key}`, member] as const);
