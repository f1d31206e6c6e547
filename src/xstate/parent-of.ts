/** The actor that another one is a child of. */
import type { AnyActorRef } from 'xstate';
import type { LiveActor } from './insider.ts';

/**
 * The actor that made this one; `undefined` for the root. For the code of an effect that reads what its parent has,
 * instead of being given a copy that each checkpoint would hold.
 *
 * @example
 * fromPromise(async ({ self }) => summarise(parentOf(self)!.getSnapshot().context.messages));
 */
export const parentOf = (actor: AnyActorRef): AnyActorRef | undefined =>
  (actor as unknown as LiveActor)._parent as unknown as AnyActorRef | undefined;
