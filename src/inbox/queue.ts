/** Leaves events, answers and control calls in the inbox of a run, for whoever holds it. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import { decodeText } from '../checkpoint/text.ts';
import { InputClosedError, RunClosedError, RunNotFoundError } from '../errors.ts';
import { alreadyClosed, type AnswerOptions } from '../input/answers.ts';
import { decodeQuestion } from '../input/pending-input.ts';
import { readClosing, type AnswerRecord } from '../input/records.ts';
import { checkSize, validate } from '../input/schema.ts';
import { receiptOf, type Receipt } from '../run/receipt.ts';
import { readMore } from '../run/run-info.ts';
import { isEnd, whyOver } from '../run/status.ts';
import type { SendOptions } from '../run/told.ts';
import type { RowKind, Store } from '../store.ts';
import { asksAt, schemaAt } from '../xstate/asking.ts';
import { decisiveId, encodeMail, eventId, randomId, type Mail } from './mail.ts';

/** What leaving a message needs of a runtime. */
export interface QueueContext {
  readonly store: Store;
  readonly inline: Codec;
  readonly answerBytes: number;
  readonly clock: { now(): number };
}

/** The receipt of what waits in an inbox. */
const QUEUED: Receipt = { delivered: false };

/** Leaves an event. */
export async function queueEvent(
  context: QueueContext,
  run: string,
  event: AnyEventObject,
  { id, by }: SendOptions,
): Promise<Receipt> {
  const mail: Mail = { type: 'event', event, id, by, at: context.clock.now() };
  const unless = id === undefined ? undefined : ({ kind: 'event', key: id } as const);
  const known = await enqueue(context, run, id === undefined ? randomId() : eventId(id), mail, unless);
  // The receipt of the first one is the seq of its turn; what waits is a message.
  return known !== undefined && /^\d+$/.test(known) ? receiptOf({ value: known }) : QUEUED;
}

/** Leaves an answer. `machineOf` finds the machine of its question, by which it is checked where it can be. */
export async function queueAnswer(
  context: QueueContext,
  machineOf: (id: string) => AnyStateMachine | undefined,
  run: string,
  input: string,
  value: unknown,
  { by, id }: AnswerOptions,
): Promise<Receipt> {
  const { store, inline, answerBytes, clock } = context;
  checkSize(input, value, answerBytes, inline);
  const closed = await readClosing(store, run, input, inline);
  if (closed) return alreadyClosed(input, closed, id);
  const isChecked = await check(context, machineOf, input, value);
  const mail: Mail = { type: 'answer', input, value, id, by, at: clock.now() };
  const known = await enqueue(context, run, isChecked ? decisiveId(input) : randomId(), mail, {
    kind: 'answer',
    key: input,
  });
  if (known === undefined) return QUEUED;
  const first = (await decodeText(inline, known)) as AnswerRecord | Extract<Mail, { type: 'answer' }>;
  if ('status' in first) return alreadyClosed(input, first, id);
  if (id !== undefined && first.id === id) return QUEUED;
  throw new InputClosedError(input, 'answered', first.by, new Date(first.at));
}

/** Checks an answer where its question is open, and is one of a machine that is known here. True: it was checked. */
async function check(
  { store, inline }: QueueContext,
  machineOf: (id: string) => AnyStateMachine | undefined,
  input: string,
  value: unknown,
): Promise<boolean> {
  const [stored] = await store.questions({ id: input, limit: 1 });
  if (!stored) return false;
  const { input: question, body } = await decodeQuestion(stored, inline);
  const machine = machineOf(stored.machine);
  const { effect, sources = [] } = body;
  if (!machine || effect !== undefined || !asksAt(machine, sources, question.state)) return false;
  await validate(input, schemaAt(machine, sources, question.state), value);
  // Where the answer is the event, only the run knows for sure whether it is taken.
  return question.accepts?.includes((value as Partial<AnyEventObject> | null)?.type ?? '') ?? true;
}

/**
 * Leaves a message. Gives the value of what is known under the id, or in the row that was named.
 *
 * @throws {RunNotFoundError}
 * @throws {RunClosedError} where the run is at its end, or was deleted.
 */
export async function enqueue(
  { store, inline }: Pick<QueueContext, 'store' | 'inline'>,
  run: string,
  id: string,
  mail: Mail,
  unless?: { readonly kind: RowKind; readonly key: string },
): Promise<string | undefined> {
  const [stored] = await store.runs({ run, limit: 1 });
  // What waits for a quarantined run is delivered when it is taken up again.
  if (stored && isEnd(stored.status) && stored.status !== 'quarantined') {
    // It may be known all the same, from the last turn of the run.
    const [row] = unless ? await store.rows(run, unless.kind, unless) : [];
    if (row) return row.value as string;
    const { error, cancelled } = readMore(stored);
    throw new RunClosedError(run, whyOver(error, cancelled));
  }
  const answer = await store.enqueue(run, encodeMail(inline, id, mail), unless);
  switch (answer.status) {
    case 'queued':
      return undefined;
    case 'known':
      return answer.value;
    case 'missing':
      throw new RunNotFoundError(run);
    case 'deleted':
      throw new RunClosedError(run, 'was deleted');
  }
}
