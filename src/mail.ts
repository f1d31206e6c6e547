/** What others leave for a run in its inbox. */
import type { AnyEventObject } from 'xstate';
import type { Codec } from './checkpoint/codec.ts';
import { decodeText, encodeText } from './checkpoint/text.ts';
import type { Message } from './store.ts';

export type Mail =
  | {
      readonly type: 'event';
      readonly event: AnyEventObject;
      /** The event's id. */
      readonly id?: string | undefined;
      readonly by?: string | undefined;
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
  | { readonly type: 'cancel'; readonly by?: string | undefined; readonly reason?: string | undefined };

/** The one answer that decides a question: whoever leaves it first wins. No other id of a message begins so. */
export const decisiveId = (input: string): string => `a ${input}`;

/** An event that is sent with an id. */
export const eventId = (id: string): string => `e ${id}`;

/** What may wait several times. */
export const randomId = (): string => `r ${crypto.randomUUID()}`;

/** Throws `NotSerializableError`. */
export function encodeMail(codec: Codec, id: string, mail: Mail): Message {
  const given = Object.fromEntries(Object.entries(mail).filter(([, value]) => value !== undefined));
  return { id, value: encodeText(codec, given, { actor: '', path: mail.type }) };
}

export const decodeMail = async (codec: Codec, value: string): Promise<Mail> =>
  (await decodeText(codec, value)) as Mail;

/** What a turn came second to: a message that waits for the run already, and must be delivered first. */
export class MessageWaitsError extends Error {
  constructor(readonly waiting: Message) {
    super(`The message '${waiting.id}' waits for the run.`);
  }
}
