/** Lets a node's time run out in a turn after the one in which it did. */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { currentEffect } from '../../../src/index.ts';

/** The name of the actor logic: no work has it. */
export const EXPIRY = 'node:expiry';

/**
 * Its output is whether it was started anew: by a run that was opened again, after a crash or to be retried. A flow that
 * failed because a time was out is retried from here, where that time would be out at once.
 */
export const expiry: PromiseActorLogic<boolean> = fromPromise(
  async () => (currentEffect()?.attempt ?? 1) > 1,
);
