/** A journal for an actor that no run hosts. It ends with the process. */
import type { AnyActorRef } from 'xstate';
import { createCodec } from '../checkpoint/codec.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import { InvalidArgumentError } from '../errors.ts';
import { type Clock, systemClock } from '../xstate/delays.ts';
import type { Journal } from './journal.ts';

// Nothing is kept apart from its entry.
const codec = createCodec({ blobBytes: Infinity });

/** The journal of an actor, under the actor's clock where that tells the time. */
export function memoryJournal(actor: Pick<AnyActorRef, 'id'>): Journal {
  return {
    effectId: actor.id,
    attempt: 1,
    fence: 0,
    clock: clockOf(actor),
    read: () => undefined,
    write: (_key, _value, waiter) => queueMicrotask(() => waiter.resolve()),
    mayAct: () => true,
    paused: undefined,
    encode: (value, { path }) => encodeText(codec, value, { actor: actor.id, path }),
    decode: (text) => decodeText(codec, text),
    park: () => {},
    ask: async ({ name }) => {
      throw new InvalidArgumentError(
        `Nobody can answer the question '${name}' of '${actor.id}': start the machine with createRuntime().`,
      );
    },
  };
}

function clockOf(actor: object): Clock {
  const clock = 'clock' in actor ? (actor.clock as Partial<Clock> | undefined) : undefined;
  return clock && typeof clock.now === 'function' ? (clock as Clock) : systemClock;
}
