/** Takes a turn back: its actors, names and delays are again what they were before it. */
import { adopted } from './adopted.ts';
import type { Delay, Delays } from './delays.ts';
import type { Effect } from './effect.ts';
import { NOT_STARTED, STOPPED, type LiveActor } from './insider.ts';
import type { Turn } from './turn.ts';

/** What a turn changes, beside its actors. */
export interface Changed {
  readonly root: LiveActor;
  readonly delays: Delays;
  readonly effects: Set<Effect> | undefined;
  readonly moved: Delay[];
}

export function takeBack(turn: Turn, { root, delays, effects, moved }: Changed): void {
  const { system } = root;
  for (const actor of turn.born) {
    actor._processingStatus = STOPPED;
    system._unregister(actor);
    const { effect } = adopted(actor);
    if (effect) effects?.delete(effect);
  }
  for (const note of turn.notes) {
    const { actor } = note;
    adopted(actor).noted = undefined;
    if (adopted(actor).bornIn === turn) continue;
    actor._snapshot = note.snapshot;
    actor._deferred.length = 0;
    if (actor._processingStatus === note.status) continue;
    actor._processingStatus = note.status;
    actor.mailbox = note.mailbox;
    note.observers?.forEach((observer) => actor.observers.add(observer));
    note.listeners?.forEach((handlers, type) => actor.eventListeners.set(type, handlers));
    if (note.status !== NOT_STARTED) system._register(actor.sessionId, actor);
  }
  // The names go back last: until then a newborn may have one of them.
  for (const { actor } of turn.notes) {
    const name = actor.systemId ?? actor._systemId;
    if (name !== undefined && adopted(actor).bornIn !== turn) system._set(name, actor);
  }
  for (const delay of turn.added) if (delays.has(delay)) delays.remove(delay);
  if (turn.removed.length > 0)
    delays.giveBack(
      turn.removed.filter((delay) => delay !== turn.cause.delay && !turn.added.includes(delay)),
    );
  moved.push(...turn.moved);
  turn.held.length = 0;
}
