/** What is compared of an actor system: its persisted snapshot, without what may differ. */
import { inspect, isDeepStrictEqual } from 'node:util';

/** The comparable part of what XState persists, with all children. */
export function viewOf(persisted: any): unknown {
  const { status, value, context, input, output, error, children, historyValue } = persisted;
  if (value === undefined) {
    // An effect that is over has no use for its input: XState drops it, and it may be kept.
    return { status, context, ...(status === 'active' && { input }), output, failed: error !== undefined };
  }
  return {
    status,
    value,
    // What a callback sends while it starts comes after the turn, and not at all if that stops it.
    // An actor that is over has no children: what its context refers to does not come back.
    context: { ...context, synced: undefined, ...(status !== 'active' && { refs: undefined }) },
    output,
    failed: error !== undefined,
    historyValue: Object.fromEntries(
      Object.entries(historyValue ?? {}).map(([key, nodes]) => [
        key,
        (nodes as { id: string }[]).map(({ id }) => id).toSorted(),
      ]),
    ),
    children: Object.fromEntries(
      Object.entries<any>(children).map(([id, { src, systemId, syncSnapshot, snapshot }]) => [
        id,
        { src, systemId, syncSnapshot: syncSnapshot === true, snapshot: viewOf(snapshot) },
      ]),
    ),
  };
}

/** Where two values differ first, in words; undefined where they are equal. */
export function difference(bare: unknown, durable: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(bare, durable)) return undefined;
  if (isPlain(bare) && isPlain(durable) && Array.isArray(bare) === Array.isArray(durable)) {
    for (const key of new Set([...Object.keys(bare), ...Object.keys(durable)])) {
      const found = difference((bare as any)[key], (durable as any)[key], `${path}.${key}`);
      if (found) return found;
    }
  }
  const show = (value: unknown): string => inspect(value, { depth: 4, breakLength: 100 }).slice(0, 400);
  return `${path || 'all of it'}: bare ${show(bare)}, durable ${show(durable)}`;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);
