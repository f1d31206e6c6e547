/**
 * Errors as values: taken apart to be stored, and put together again.
 *
 * @module
 */
import { put } from './json.ts';
import { classNameOf } from './kind.ts';

/** An error taken apart. */
export interface ErrorParts {
  /** The built-in class that it comes back as. */
  readonly is: string;
  /** What `for in` does not show: message, stack, cause, errors, and the name where its class has another. */
  readonly hidden: Readonly<Record<string, unknown>>;
  /** Its other properties, such as `code`. */
  readonly own: Readonly<Record<string, unknown>>;
}

const names = /^(Type|Range|Syntax|Reference|Eval|URI|Aggregate|)Error$/;

/**
 * Takes an error apart. One of a class of one's own counts as one of the nearest built-in class, and keeps its name.
 * Further properties that are not enumerable are left out: the user did not put them there.
 */
export function errorParts(error: Error): ErrorParts {
  // By its name: the class may be that of another realm.
  let nearest: object = error;
  do nearest = Object.getPrototypeOf(nearest) as object;
  while (!names.test(classNameOf(nearest)));
  const own: Record<string, unknown> = { ...(error as object) };
  const hidden: Record<string, unknown> = {};
  for (const key of ['message', 'stack', 'cause', 'errors', 'name']) {
    if (Object.hasOwn(own, key)) continue;
    const value: unknown = Reflect.get(error, key);
    // A DOMException has message and name on its prototype, as some engines have the stack.
    if (typeof value === 'string' ? value !== Reflect.get(nearest, key) : Object.hasOwn(error, key))
      hidden[key] = value;
  }
  return { is: classNameOf(nearest), hidden, own };
}

/** Puts an error together again, each property with the flags that it had. */
export function errorOf({ is, hidden, own }: ErrorParts): Error {
  const known: unknown = Reflect.get(globalThis, names.test(is) ? is : 'Error');
  // With the class as new.target: AggregateError alone takes other arguments, and sets its properties itself.
  const error: Error = Reflect.construct(Error, [], known as typeof Error);
  for (const key of Object.keys(hidden)) put(error, key, hidden[key], false);
  for (const key of Object.keys(own)) put(error, key, own[key]);
  return error;
}
