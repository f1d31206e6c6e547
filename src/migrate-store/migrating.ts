import type { Progress } from './progress.ts';
import type { Side } from './side.ts';

/** From where, to where, and who is told. */
export interface Migrating {
  readonly from: Side;
  readonly to: Side;
  readonly progress: Progress;
}
