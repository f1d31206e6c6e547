/** What is kept, and for how long. */
import { checkMs } from '../check-options.ts';
import { InvalidArgumentError } from '../errors.ts';

/** Which of many are to go: where both are given, only what both let go. */
export interface Keeping {
  /** Only what is so many milliseconds old, or older. */
  readonly olderThan?: number;
  /** Never the newest so many. */
  readonly keepLast?: number;
}

/** What `prune()` deletes. Nothing where nothing is said. */
export interface PrunePolicy {
  /**
   * Runs that are done, failed or cancelled: by the time of their last checkpoint. The newest are those that were started
   * last.
   */
  readonly finished?: Keeping;
  /** Checkpoints of all runs: from the oldest on, up to one that is kept as a whole. Runs stay as they are. */
  readonly history?: Keeping;
}

/** What may be deleted of one run: `keepLast` of `finished` keeps the run itself. */
export type RunRetention = PrunePolicy;

/** What a runtime deletes by itself, and how long ids stay taken. */
export interface Retention extends PrunePolicy {
  /** How long deleted runs keep their ids, in milliseconds. Default 30 days. */
  readonly tombstones?: number;
}

/** What was deleted. */
export interface PruneReport {
  /** The ids of the runs that are gone. */
  readonly runs: readonly string[];
  /** How many checkpoints of other runs are gone. */
  readonly checkpoints: number;
  /** How many binary values of other runs are gone, as nothing refers to them any more. */
  readonly blobs: number;
}

/** Throws where a policy says nothing that can be done. */
export function checkRetention({ finished, history, tombstones }: Retention): void {
  if (tombstones !== undefined) checkMs('retention.tombstones', tombstones);
  if (finished) checkKeeping('finished', finished, 0);
  if (history) checkKeeping('history', history, 1);
}

function checkKeeping(name: string, { olderThan, keepLast }: Keeping, least: number): void {
  if (olderThan === undefined && keepLast === undefined)
    throw new InvalidArgumentError(
      `'${name}' says what may go: { olderThan: 30 * 86_400_000 }, { keepLast: 100 }, or both.`,
    );
  if (olderThan !== undefined) checkMs(`${name}.olderThan`, olderThan);
  if (keepLast !== undefined && (!Number.isInteger(keepLast) || keepLast < least))
    throw new InvalidArgumentError(
      `'${name}.keepLast' is a whole number, ${least} or more; it was ${String(keepLast)}.`,
    );
}

/** As it can be stored: what is never old enough is kept for a very long time. */
export function storableRetention({ finished, history }: PrunePolicy): PrunePolicy {
  const limited = ({ olderThan, keepLast }: Keeping): Keeping => ({
    ...(olderThan !== undefined && { olderThan: Math.min(olderThan, Number.MAX_SAFE_INTEGER) }),
    ...(keepLast !== undefined && { keepLast }),
  });
  return { ...(finished && { finished: limited(finished) }), ...(history && { history: limited(history) }) };
}
