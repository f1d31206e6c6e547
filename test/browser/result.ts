import type { PageError, Result } from './page/main.ts';

/** The value. Throws where there is an error instead. */
export function valueOf<T>(result: Result<T>): T {
  if ('error' in result) throw new Error(`${result.error.name}: ${result.error.message}`);
  return result.value;
}

/** The error. Throws where there is none. */
export function errorOf(result: Result<unknown>): PageError {
  if ('value' in result) throw new Error(`There is no error, but ${JSON.stringify(result.value)}.`);
  return result.error;
}
