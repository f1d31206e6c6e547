/** What can name a run or an event. */
import { InvalidArgumentError } from './errors.ts';

const LONGEST = 1024;

/** Throws `InvalidArgumentError` where an id cannot be kept by every store. */
export function checkId(what: 'run' | 'event' | 'answer', id: unknown): asserts id is string {
  const wrong =
    typeof id !== 'string'
      ? `is no string but ${typeof id}`
      : id === ''
        ? 'is empty'
        : id.length > LONGEST
          ? `has ${id.length} characters; ${LONGEST} is the most`
          : /[\0\p{Surrogate}]/u.test(id)
            ? 'holds a NUL character or is not well-formed Unicode'
            : undefined;
  if (wrong)
    throw new InvalidArgumentError(`This ${what} id ${wrong}. Use a short text, such as '${what}-42'.`);
}
