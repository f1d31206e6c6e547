/** Deletes much in little pieces, so that no turn waits for more than one of them. */
import type { CheckpointSummary } from '../store.ts';

/** How many rows a slice has at most, and how many bytes. */
const ROWS = 100;
const BYTES = 128 * 1024;

/** Checkpoints as slices, in the order in which they come. */
export function* slicesOf(
  checkpoints: readonly CheckpointSummary[],
): Generator<{ readonly dropFrom: number; readonly dropBefore: number; readonly count: number }> {
  let slice: CheckpointSummary[] = [];
  let size = 0;
  for (const checkpoint of checkpoints) {
    slice.push(checkpoint);
    size += checkpoint.bytes;
    if (slice.length < ROWS && size < BYTES) continue;
    yield rangeOf(slice);
    slice = [];
    size = 0;
  }
  if (slice.length > 0) yield rangeOf(slice);
}

function rangeOf(slice: readonly CheckpointSummary[]): {
  dropFrom: number;
  dropBefore: number;
  count: number;
} {
  const ends = [slice[0]!.seq, slice.at(-1)!.seq];
  return { dropFrom: Math.min(...ends), dropBefore: Math.max(...ends) + 1, count: slice.length };
}

/** Lists of keys as slices. */
export function* piecesOf<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += ROWS) yield items.slice(at, at + ROWS);
}

/** Lets the turns that wait go first. */
export const othersFirst = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
