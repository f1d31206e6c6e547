/** Tells whether two inputs are the same, also in another process. */
import { WorkflowError } from '../errors.ts';

/** A text that is the same for equal values: keys in any order, undefined members left out. */
export function fingerprint(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Object.is(value, -0)) return 'number:-0';
  if (typeof value !== 'object' || value === null) return `${typeof value}:${String(value)}`;
  if (Array.isArray(value)) return `[${value.map(fingerprint).join()}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Set) return `Set${fingerprint([...value])}`;
  if (value instanceof Map) return `Map${fingerprint([...value])}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new WorkflowError(
      'WORKFLOW_NOT_CACHEABLE',
      `Whether two instances of ${value.constructor.name} are the same cannot be told. Give a node with 'cache' plain data.`,
    );
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${fingerprint(member)}`);
  return `{${members.join()}}`;
}
