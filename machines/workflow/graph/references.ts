/** How a node says what it comes after. */
import type { JoinMode } from './definition.ts';

/** The route of a node that failed. */
export const ERROR_ROUTE = 'error';

/** `size:big` is the route `big` of the node `size`. */
export function splitReference(reference: string): {
  readonly id: string;
  readonly route: string | undefined;
} {
  const at = reference.indexOf(':');
  return at < 0
    ? { id: reference, route: undefined }
    : { id: reference.slice(0, at), route: reference.slice(at + 1) };
}

/** How many of the edges that lead to a node must be met before it starts; 0: it waits for all to be decided. */
export function needed(wait: JoinMode | undefined): number {
  return wait === 'any' ? 1 : typeof wait === 'number' ? wait : 0;
}
