/** What a host knows of each actor of its system, kept on the actor itself. */
import type { AnyEventObject } from 'xstate';
import type { Effect } from './effect.ts';
import type { LiveActor, LiveSnapshot } from './insider.ts';
import type { Kind } from './kinds.ts';
import type { Turn } from './turn.ts';

/** What held logic tells the host of its actor. */
export interface ActorHost {
  adoptSystem(root: LiveActor): void;
  startEffect(actor: LiveActor, snapshot: LiveSnapshot): void;
  stopEffect(actor: LiveActor): void;
  deliver(actor: LiveActor, event: AnyEventObject): void;
  hold(actor: LiveActor | undefined, run: () => void): void;
  receive(actor: LiveActor, event: AnyEventObject): void;
}

export interface Adopted {
  readonly host: ActorHost;
  readonly kind: Kind;
  readonly effect: Effect | undefined;
  /** The turn that noted it last, and the one in which it was made, until they are released. */
  noted: Turn | undefined;
  bornIn: Turn | undefined;
  /** Is it in its `start`, where it subscribes to itself? */
  isStarting: boolean;
  /** May its context hold a reference to a child? Never set back: it only saves a search. */
  mayRefer: boolean;
}

const seam = Symbol('savepoint.seam');
type AdoptedActor = LiveActor & { [seam]: Adopted };

/** The record of an actor that a host has taken over. */
export const adopted = (actor: LiveActor): Adopted => (actor as AdoptedActor)[seam];

/** Puts the record on an actor. */
export function adopt(actor: LiveActor, record: Adopted): void {
  (actor as AdoptedActor)[seam] = record;
}

// The host whose root is in its constructor: there is no other way to tell it which host it has.
let booting: ActorHost | undefined;

/** Runs `construct`, in which a root actor is made, on behalf of `host`. */
export function bootFor<T>(host: ActorHost, construct: () => T): T {
  booting = host;
  try {
    return construct();
  } finally {
    booting = undefined;
  }
}

/** Called from the constructor of every machine's actor: the first is the root, and is taken over. */
export function adoptRoot(root: LiveActor): void {
  const host = booting;
  booting = undefined;
  host?.adoptSystem(root);
}
