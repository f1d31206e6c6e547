/** What is seen of a machine at one moment. */
import { isDeepStrictEqual } from 'node:util';
import type { AnyMachineSnapshot } from 'xstate';

export interface Sight {
  readonly value: unknown;
  readonly status: string;
  readonly context: unknown;
  readonly output: unknown;
}

/** What is seen from one event to the next, in order. */
export type Window = Sight[];

export const see = ({ value, status, context, output }: AnyMachineSnapshot): Sight => ({
  value,
  status,
  context: copy(context),
  output: output as unknown,
});

export const isSame = (one: Sight, other: Sight): boolean => isDeepStrictEqual(one, other);

export const show = ({ value, status, context }: Sight): string =>
  JSON.stringify({ value, status, context }).slice(0, 240);

/** A value that is changed in place later does not change what was seen. Functions by their text. */
function copy(value: unknown): unknown {
  if (typeof value === 'function') return `function: ${value.toString()}`;
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, copy(own)]));
}
