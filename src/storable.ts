/** Errors that can be stored, in place of errors that cannot. */
import { NotSerializableError } from './errors.ts';

export function storable(error: unknown): Error {
  if (error instanceof NotSerializableError)
    return new NotSerializableError(error.actor, error.path, error.hint);
  if (!(error instanceof Error)) return new Error(String(error));
  const { name, message, code } = error as Error & { readonly code?: unknown };
  return Object.assign(new Error(message), { name }, typeof code === 'string' && { code });
}
