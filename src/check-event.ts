/** What can be sent to a run. */
import type { AnyEventObject } from 'xstate';
import { InvalidArgumentError } from './errors.ts';

/** Throws `InvalidArgumentError` where something is no event. */
export function checkEvent(run: string, event: unknown): asserts event is AnyEventObject {
  if (typeof event !== 'object' || event === null || typeof (event as { type?: unknown }).type !== 'string')
    throw new InvalidArgumentError(
      `An event is an object with a type, such as { type: 'approve' }; run '${run}' was sent ${describeValue(event)}.`,
    );
}

const describeValue = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `an object without a type`
    : `${typeof value} ${String(value)}`;
