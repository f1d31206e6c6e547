/** What stands in for methods of XState's actors, so that nobody outside sees what is not committed. One function for all actors. */
import { toObserver, type AnyEventObject, type Subscription } from 'xstate';
import { adopted } from './adopted.ts';
import type { LiveActor } from './insider.ts';

/** The actor with the methods that XState gave it. */
export const original = (actor: LiveActor): LiveActor => Object.getPrototypeOf(actor) as LiveActor;

/** Puts them in the place of those that an actor has. */
export function standIn(actor: LiveActor): void {
  actor._send = sendInTurn;
  actor.on = onHeld;
}

/** Those that only the actors below the root have. */
export function standInBelow(actor: LiveActor): void {
  actor.subscribe = subscribeHeld;
  if (actor._syncSnapshot) actor.start = startAdopted;
}

/** `_send`: an actor of another system calls it in the middle of its own turn. */
function sendInTurn(this: LiveActor, event: AnyEventObject): void {
  adopted(this).host.receive(this, event);
}

/** `start` of a child that tells its parent its snapshots: the subscription by which it does is part of the turn. */
function startAdopted(this: LiveActor): LiveActor {
  const record = adopted(this);
  record.isStarting = true;
  original(this).start.call(this);
  record.isStarting = false;
  return this;
}

/** `subscribe` of a child: its observers learn of committed states only. */
function subscribeHeld(this: LiveActor, ...args: unknown[]): Subscription {
  const { host, isStarting } = adopted(this);
  if (isStarting) return original(this).subscribe.call(this, ...args);
  const { next, error, complete } = toObserver(...(args as Parameters<typeof toObserver>));
  return whileOpen((isOpen) => {
    const held = (tell: ((value: never) => void) | undefined) =>
      tell && ((value: unknown) => host.hold(undefined, () => isOpen() && tell(value as never)));
    return original(this).subscribe.call(this, {
      next: held(next),
      error: held(error),
      complete: held(complete),
    });
  });
}

/** `on`: whoever unsubscribes while a commit is open is told nothing more. */
function onHeld(this: LiveActor, type: string, handler: (event: AnyEventObject) => void): Subscription {
  return whileOpen((isOpen) => original(this).on.call(this, type, (event) => isOpen() && handler(event)));
}

function whileOpen(subscribe: (isOpen: () => boolean) => Subscription): Subscription {
  let isOpen = true;
  const subscription = subscribe(() => isOpen);
  return {
    unsubscribe: () => {
      isOpen = false;
      subscription.unsubscribe();
    },
  };
}
