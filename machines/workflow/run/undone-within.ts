/** Whether the work of a node was a flow that had undone what it did. */
import type { Failure, WorkflowContext } from './record.ts';

interface StoredSnapshot {
  readonly value?: unknown;
  readonly context?: Partial<WorkflowContext>;
  readonly children?: Readonly<Record<string, { readonly snapshot: StoredSnapshot } | undefined>>;
}

/**
 * Was a flow being undone within the node that failed? `before`: the state of the whole flow just before. A flow within
 * fails with an error that names the node, which may be a flow as well.
 */
export function isUndoneWithin(before: unknown, { node, error }: Failure): boolean {
  let { children } = before as StoredSnapshot;
  let failure: { readonly node?: unknown; readonly error?: unknown } = { node, error };
  while (typeof failure.node === 'string') {
    const work = children?.[failure.node]?.snapshot.children?.['work']?.snapshot;
    if (work?.context?.graph === undefined) return false;
    if (work.value === 'failing') return true;
    const { node, cause } = (failure.error ?? {}) as { readonly node?: unknown; readonly cause?: unknown };
    failure = { node, error: cause };
    children = work.children;
  }
  return false;
}

/** Is it the error of a flow that undid what it did, or of one within that did? */
export function tellsOfUndoing(error: unknown): boolean {
  const { undone, cause } = (error ?? {}) as { readonly undone?: unknown; readonly cause?: unknown };
  return Array.isArray(undone) || (isOfNode(error) && tellsOfUndoing(cause));
}

const isOfNode = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'node' in error && 'cause' in error;
