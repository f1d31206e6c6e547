/**
 * Errors as values: taken apart to be stored, and put together again.
 *
 * @module
 */
import { put } from './json.ts';

/** An error taken apart. */
export interface ErrorParts {
  /** The built-in class that it comes back as. */
  readonly is: string;
  /** What `for in` does not show: message, stack, cause, errors, and the name where its class has another. */
  readonly hidden: Readonly<Record<string, unknown>>;
  /** Its other properties, such as `code`. */
  readonly own: Readonly<Record<string, unknown>>;
}

const classes = [
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  Error,
];

/**
 * Takes an error apart. One of a class of one's own counts as one of the nearest built-in class, and keeps its name.
 * Symbol keys, and further properties that are not enumerable, are left out: the user did not put them there.
 */
export function errorParts(error: Error): ErrorParts {
  // The name decides for an error of another realm, which is no instance of any class here.
  const nearest =
    classes.find((known) => error instanceof known) ??
    classes.find((known) => known.name === error.name) ??
    Error;
  const hidden: Record<string, unknown> = {};
  for (const key of ['message', 'stack', 'cause', 'errors', 'name']) {
    if (Object.prototype.propertyIsEnumerable.call(error, key)) continue;
    const value: unknown = Reflect.get(error, key);
    // A DOMException has message and name on its prototype, as some engines have the stack.
    const inherited = typeof value === 'string' && value !== Reflect.get(nearest.prototype, key);
    if (inherited || (key !== 'name' && Object.hasOwn(error, key))) hidden[key] = value;
  }
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(error)) put(own, key, Reflect.get(error, key));
  return { is: nearest.name, hidden, own };
}

/** Puts an error together again, each property with the flags that it had. */
export function errorOf({ is, hidden, own }: ErrorParts): Error {
  const known = classes.find(({ name }) => name === is) ?? Error;
  // With the class as new.target: AggregateError alone takes other arguments, and sets its properties itself.
  const error: Error = Reflect.construct(Error, [], known);
  for (const key of Object.keys(hidden)) {
    Object.defineProperty(error, key, { value: hidden[key], configurable: true, writable: true });
  }
  for (const key of Object.keys(own)) put(error, key, own[key]);
  return error;
}
