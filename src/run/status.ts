/** What it means that a run is doing what it does. */
import type { RunStatus } from '../store.ts';
import type { More } from './run-info.ts';

const ENDS: ReadonlySet<RunStatus> = new Set(['done', 'failed', 'cancelled', 'quarantined']);
const RESTS: ReadonlySet<RunStatus> = new Set(['paused', 'waitingForInput', 'sleeping', 'idle']);

/** Is a run over for good? */
export const isEnd = (status: RunStatus): boolean => ENDS.has(status);

/** Is it over, and not only until somebody takes it up again? */
export const isFinished = (status: RunStatus): boolean => isEnd(status) && status !== 'quarantined';

/** Can only time, a person or an event from outside go on with a run? */
export const isRest = (status: RunStatus): boolean => RESTS.has(status);

/** Why a run takes nothing any more, as a part of a sentence. */
export function whyOver(error: More['error'], cancelled: More['cancelled']): string {
  if (error) return `is quarantined (${error.name}: ${error.message})`;
  if (!cancelled) return 'is at its end';
  const { by, reason } = cancelled;
  return `was cancelled${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
}
