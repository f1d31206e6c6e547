/** The error that a step ended with, as it is journaled and as it comes back. */
import { InputExpiredError, StepTimeoutError } from '../errors.ts';
import { storable } from '../storable.ts';
import type { Journal, Named } from './journal.ts';

/** As much of it as can be stored. */
export function encodeError(journal: Journal, error: unknown, step: Named): string {
  try {
    return journal.encode(error, step);
  } catch {
    return journal.encode(storable(error), step);
  }
}

/** An error of a class of our own is one of that class again: code that is run again must take the same way. */
export async function decodeError(journal: Journal, text: string): Promise<unknown> {
  const error = await journal.decode(text);
  if (!(error instanceof Error)) return error;
  const { code, step, timeout, input, deadline } = error as Error & Record<string, never>;
  if (code === 'STEP_TIMEOUT') return new StepTimeoutError(step!, timeout!);
  if (code === 'INPUT_EXPIRED') return new InputExpiredError(input!, deadline!);
  return error;
}
