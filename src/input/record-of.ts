/** Who answered a question, what and when. */
import type { Codec } from '../checkpoint/codec.ts';
import type { Store } from '../store.ts';
import { decodeQuestion, type PendingInput } from './pending-input.ts';
import { aside, decodeRecord, readClosing, type AnswerRecord } from './records.ts';

/** What became of a question. */
export interface InputRecord extends Omit<AnswerRecord, 'status' | 'at'> {
  /**
   * - `open`: nobody has answered yet. `answered`, `expired`, `withdrawn`: it is closed.
   * - `early`: it has not opened, and an answer waits for it. `neverOpened`: its run ended before.
   */
  readonly status: 'open' | 'answered' | 'expired' | 'withdrawn' | 'early' | 'neverOpened';
  /** When it was closed, in milliseconds since 1970. */
  readonly at?: number;
  /** The question, while it is open. */
  readonly input?: PendingInput;
  /** Answers that were not taken, and those that wait. */
  readonly others: readonly AnswerRecord[];
}

/** `undefined` where nothing is known of it. */
export async function readRecord(
  store: Store,
  codec: Codec,
  run: string,
  id: string,
): Promise<InputRecord | undefined> {
  const [stored] = await store.questions({ id, limit: 1 });
  const closed = await readClosing(store, run, id, codec);
  const rows = await store.rows(run, 'answer', { prefix: `${aside(id)} ` });
  const others = await Promise.all(rows.map((row) => decodeRecord(codec, row)));
  if (closed) return { ...closed, status: closed.status as 'answered', others };
  if (stored) return { status: 'open', input: (await decodeQuestion(stored, codec)).input, others };
  const last = others.at(-1);
  if (!last) return undefined;
  return { status: others.some(({ status }) => status === 'early') ? 'early' : 'neverOpened', others };
}
