/** The actor logic of what a node does, from what its author gave. */
import type { AnyActorLogic } from 'xstate';
import { type InterruptPolicy, onInterrupt } from '../../../src/index.ts';
import { ephemeral } from './ephemeral.ts';
import { functionWork, type WorkFunction } from './function-work.ts';

/** What may be said about a node's work. */
export interface WorkOptions {
  /** What becomes of it when a crash cuts it off. Default: as its logic says, which is to run again. */
  readonly onInterrupt?: InterruptPolicy | undefined;
  /** Nothing of it is stored while it works: when it is cut off, it starts afresh. */
  readonly ephemeral?: boolean | undefined;
}

/** Is it actor logic, and not a function? */
export const isLogic = (run: AnyActorLogic | WorkFunction): run is AnyActorLogic => typeof run !== 'function';

/** Actor logic of a function, or of actor logic, that does what the options say. */
export function workOf(
  run: AnyActorLogic | WorkFunction,
  { onInterrupt: policy, ephemeral: isEphemeral }: WorkOptions = {},
): AnyActorLogic {
  const logic: AnyActorLogic = isLogic(run) ? run : functionWork(run);
  const kept = isEphemeral ? ephemeral(logic) : logic;
  return policy === undefined ? kept : onInterrupt(kept, policy);
}
