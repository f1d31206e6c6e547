/** Whether an actor still counts. */
import { childOf } from './actor-path.ts';
import { STOPPED, type LiveActor, type LiveSnapshot } from './insider.ts';

/**
 * Has it an outcome that the run will take? An actor that is stopped before it starts keeps an active
 * snapshot, one whose constructor threw (its systemId was taken) has none, and those below an actor that
 * failed run on unheard.
 */
export function isActive(actor: LiveActor): boolean {
  const snapshot = actor._snapshot as LiveSnapshot | undefined;
  if (snapshot?.status !== 'active' || actor._processingStatus === STOPPED) return false;
  const parent = actor._parent;
  return !parent || (childOf(parent, actor.id) === actor && isActive(parent));
}
