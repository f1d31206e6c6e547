/** The name of a step, as a part of its effect id and as its key in the journal. */
import { InvalidArgumentError } from '../errors.ts';

const LONGEST = 1024;
const common = /^[\w .-]{1,64}$/;

/** Throws `InvalidArgumentError` where something cannot name a step. */
export function encodeName(name: unknown): string {
  if (typeof name === 'string') {
    if (common.test(name)) return name;
    if (name !== '' && name.length <= LONGEST && !/[\0\p{Surrogate}]/u.test(name))
      return name.replace(/[%/:#]/g, encodeURIComponent);
  }
  throw new InvalidArgumentError(
    `A step has a name, a text of 1 to ${LONGEST} characters that is well-formed and holds no NUL, such as ` +
      `'charge'; it was ${typeof name === 'string' ? JSON.stringify(name.slice(0, 40)) : String(name)}.`,
  );
}

/** The name again, with the number that it got. */
export const decodeName: (key: string) => string = decodeURIComponent;
