/**
 * One turn inside the actor system: what it touched, so that it can be captured or taken back, and
 * what it holds back until it is committed.
 */
import type { AnyEventObject } from 'xstate';
import { adopted } from './adopted.ts';
import type { Delay } from './delays.ts';
import type { LiveActor, LiveSnapshot } from './insider.ts';

/** What set a turn off. Relayed again when the turn has to be taken back through no fault of its own. */
export interface Cause {
  readonly kind: 'start' | 'event' | 'delay' | 'actor' | 'cancel';
  readonly source?: LiveActor | undefined;
  readonly target: LiveActor;
  readonly event: AnyEventObject;
  /** The delay that fired. */
  readonly delay?: Delay | undefined;
}

/** An actor as it was before the turn touched it. */
export interface Note {
  readonly actor: LiveActor;
  readonly snapshot: LiveSnapshot;
  readonly status: number;
  readonly mailbox: unknown;
  readonly observers: readonly unknown[] | undefined;
  readonly listeners: LiveActor['eventListeners'] | undefined;
}

/** Something that leaves the actor system, to be run after the commit. */
export interface Held {
  /** The actor whose custom action it is: if it throws, that actor fails. */
  readonly actor: LiveActor | undefined;
  readonly run: () => unknown;
  /** Where it is a custom action. */
  readonly action?: HeldAction | undefined;
}

/** A custom action of a turn. */
export interface HeldAction {
  readonly actor: LiveActor;
  readonly type: string;
  /** Can it be found again by its type? */
  readonly isNamed: boolean;
  readonly params: unknown;
  readonly event: AnyEventObject;
}

// Shared by the many turns that have nothing to do with delays.
const none: readonly never[] = [];

export class Turn {
  readonly notes: Note[] = [];
  readonly born: LiveActor[] = [];
  readonly held: Held[] = [];
  /** Those custom actions among what is held. */
  actions: readonly HeldAction[] = none;
  /** Delays that became pending in this turn, and that are no longer. */
  added: readonly Delay[] = none;
  removed: readonly Delay[] = none;
  /** Delays that an opening moved, told to the store with this turn. */
  moved: readonly Delay[] = none;
  /** Did the first actor have a transition for the event? Unknown where it is no machine. */
  taken: boolean | undefined;
  /** Why the turn was refused and taken back. */
  refusal: unknown;

  constructor(readonly cause: Cause) {}

  /** Notes an actor before its first change in this turn. */
  touch(actor: LiveActor): void {
    const record = adopted(actor);
    if (record.noted === this) return;
    record.noted = this;
    this.notes.push({
      actor,
      snapshot: actor._snapshot,
      status: actor._processingStatus,
      mailbox: actor.mailbox,
      observers: actor.observers.size > 0 ? [...actor.observers] : undefined,
      listeners: actor.eventListeners.size > 0 ? new Map(actor.eventListeners) : undefined,
    });
  }
}
