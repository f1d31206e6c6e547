/**
 * Classes of the user's own in a context.
 *
 * @module
 */
import { InvalidArgumentError } from '../errors.ts';

/**
 * How a class of your own is stored.
 *
 * @example
 * const money: CustomType = {
 *   name: 'money',
 *   is: (value) => value instanceof Money,
 *   encode: (money: Money) => [money.amount, money.currency],
 *   decode: ([amount, currency]: [number, string]) => new Money(amount, currency),
 * };
 * createRuntime({ types: [money] });
 */
export interface CustomType<T = unknown, Stored = unknown> {
  /** Its name in the store. It must stay as it is for as long as stored values have it. */
  readonly name: string;
  /** Tells its values from all others. Not asked about plain objects, arrays, actors and primitives. */
  is(value: unknown): boolean;
  /** What is stored for a value: plain data, or whatever else can be stored, such as a Map. */
  encode(value: T): Stored;
  /** The value again. */
  decode(stored: Stored): T;
}

/** Throws InvalidArgumentError when two types have the same name. */
export function checkNames(types: readonly CustomType[]): void {
  for (const { name } of types) {
    if (types.find((type) => type.name === name) !== types.findLast((type) => type.name === name))
      throw new InvalidArgumentError(`Two custom types have the name '${name}'.`);
  }
}
