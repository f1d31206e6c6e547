/** What became of questions, and of answers that came to nothing. Kept as long as the run. */
import type { Codec } from '../checkpoint/codec.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import { defined } from '../defined.ts';
import type { Row, Store } from '../store.ts';

/**
 * What became of a question or of an answer.
 *
 * - `answered`: somebody answered. `expired`: its deadline passed. `withdrawn`: its run went on without an answer.
 * - `early`: an answer that waits for its question. `refused`: one that the question did not take, or that came second.
 * - `neverOpened`: one whose question had not opened when its run ended.
 */
export type RecordStatus = 'answered' | 'expired' | 'withdrawn' | 'early' | 'refused' | 'neverOpened';

/** How a question was closed, or an answer that waits or came to nothing. */
export interface AnswerRecord {
  readonly status: RecordStatus;
  /** The answer, as the schema parsed it. */
  readonly value?: unknown;
  readonly by?: string | undefined;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** The answer's id, where it came with one. */
  readonly id?: string | undefined;
  /** Why it was refused. */
  readonly reason?: string | undefined;
  /** The seq of the turn that it made. */
  readonly seq?: number | undefined;
}

// A question's own record has its id for a key; the id begins with that of its run, and is followed by `/` or `:`.
// Whatever begins with one `~` more is therefore no question's.
const ASIDE = '~';

/** What begins the keys of answers that wait for a question or came to nothing, for one whose id begins with `id`. */
export const aside = (id: string): string => ASIDE + id;

// Two within one millisecond keep their order, too.
let count = 0;

/** A new key for an answer that is kept aside. They are ordered by time. */
export function asideKey(input: string, at: number): string {
  const digits = (value: number, length: number): string => String(value).padStart(length, '0');
  count = (count + 1) % 1e6;
  return `${aside(input)} ${digits(Math.floor(at), 16)}.${digits(count, 6)}.${crypto.randomUUID()}`;
}

/** The question that an answer kept aside is for. */
export const inputOfAside = (key: string): string => key.slice(ASIDE.length, key.lastIndexOf(' '));

/** The row of a question that is closed. Throws `NotSerializableError`. */
export const closingRow = (input: string, record: AnswerRecord, codec: Codec): Row => ({
  kind: 'answer',
  key: input,
  value: encodeRecord(input, record, codec),
});

/** The row of an answer that waits, or came to nothing. */
export const asideRow = (key: string, record: AnswerRecord, codec: Codec): Row => ({
  kind: 'answer',
  key,
  value: encodeRecord(inputOfAside(key), record, codec),
});

function encodeRecord(input: string, record: AnswerRecord, codec: Codec): string {
  return encodeText(codec, defined(record), { actor: '', path: `answer('${input}')` });
}

/** Reads a record. */
export const decodeRecord = async (codec: Codec, { value }: Pick<Row, 'value'>): Promise<AnswerRecord> =>
  (await decodeText(codec, value as string)) as AnswerRecord;

/** The record of a question that is closed, if it is. */
export async function readClosing(
  store: Store,
  run: string,
  input: string,
  codec: Codec,
): Promise<AnswerRecord | undefined> {
  const [row] = await store.rows(run, 'answer', { key: input });
  return row && decodeRecord(codec, row);
}
