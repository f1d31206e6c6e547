/** Which runs something can go on with that no person has to say a word for. */
import type { RunStatus } from '../store.ts';

/** All but those that are paused, or in quarantine: what waits for those is left where it is. */
export const MOVING: readonly RunStatus[] = [
  'done',
  'failed',
  'cancelled',
  'running',
  'waitingForInput',
  'sleeping',
  'idle',
];
