/** What others leave for a run in its inbox. */
import type { AnyEventObject } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import { defined } from '../defined.ts';
import type { Message } from '../store.ts';

export type Mail =
  | {
      readonly type: 'event';
      readonly event: AnyEventObject;
      /** The event's id. */
      readonly id?: string | undefined;
      readonly by?: string | undefined;
      /** When it was left, in milliseconds since 1970. */
      readonly at?: number | undefined;
    }
  | {
      readonly type: 'answer';
      readonly input: string;
      readonly value: unknown;
      readonly id?: string | undefined;
      readonly by?: string | undefined;
      /** When it was given, in milliseconds since 1970. */
      readonly at: number;
    }
  | Control
  | StoredOutcome;

/** A call that steers the run. */
export interface Control {
  readonly type: 'cancel' | 'pause' | 'resume';
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  readonly at?: number | undefined;
}

/** What an effect reported, or an actor was sent, while the run was paused. */
export interface StoredOutcome {
  readonly type: 'outcome';
  /** The key of the effect that reports. */
  readonly effect?: string | undefined;
  /** Which start of it that was, where it has ended with this. */
  readonly ended?: number | undefined;
  /** The path of the actor that sends, where one does. */
  readonly source?: string | undefined;
  /** The path of the actor that it goes to. */
  readonly target: string;
  readonly event: AnyEventObject;
  readonly at: number;
}

/** The one answer that decides a question: whoever leaves it first wins. No other id of a message begins so. */
export const decisiveId = (input: string): string => `a ${input}`;

/** An event that is sent with an id. */
export const eventId = (id: string): string => `e ${id}`;

/** What may wait several times. */
export const randomId = (): string => `r ${crypto.randomUUID()}`;

/** What begins the ids of calls that steer a run: they are delivered also where all else has to wait. */
export const CONTROL = 'c ';

/** What begins the ids of what effects reported. */
export const OUTCOME = 'o ';

export const outcomeId = (): string => OUTCOME + crypto.randomUUID();

export const controlId = (): string => CONTROL + crypto.randomUUID();

/** Throws `NotSerializableError`. */
export function encodeMail(codec: Codec, id: string, mail: Mail): Message {
  return { id, value: encodeText(codec, defined(mail), { actor: '', path: mail.type }) };
}

export const decodeMail = async (codec: Codec, value: string): Promise<Mail> =>
  (await decodeText(codec, value)) as Mail;

/** What a turn came second to: a message that waits for the run already, and must be delivered first. */
export class MessageWaitsError extends Error {
  constructor(readonly waiting: Message) {
    super(`The message '${waiting.id}' waits for the run.`);
  }
}

/** The run was paused while a message was on its way: it stays in the inbox. */
export class HeldBackError extends Error {}
