/** What a run keeps of what was thrown. */
import { checkStorable } from './check-storable.ts';

/** What an error says, whatever was thrown. */
export function saidBy(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return `a ${typeof error} that is no text`;
  }
}

/**
 * The error of a node, as a run can keep it. Errors of HTTP clients have functions and cycles in them: one of those becomes
 * an error that says the same, has all of it that can be kept, and tells by its cause what cannot.
 */
export function keptError(error: unknown, node: string): unknown {
  try {
    checkStorable(error, node, 'error');
    return error;
  } catch (cause) {
    const kept = new Error(saidBy(error), { cause });
    if (!(error instanceof Error)) return kept;
    const { name, stack } = error;
    for (const [key, value] of Object.entries({ stack, name }))
      Object.defineProperty(kept, key, { value, writable: true, configurable: true });
    for (const [key, value] of Object.entries(error)) if (isStorable(value)) Reflect.set(kept, key, value);
    return kept;
  }
}

function isStorable(value: unknown): boolean {
  try {
    checkStorable(value, '', '');
    return true;
  } catch {
    return false;
  }
}
