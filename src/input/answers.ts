/** Brings answers to the questions of one run: checked first, then a turn, and kept with who gave them and when. */
import type { AnyEventObject } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import {
  EventNotAcceptedError,
  InputClosedError,
  InvalidArgumentError,
  InvalidInputError,
} from '../errors.ts';
import { HeldBackError, MessageWaitsError } from '../inbox/mail.ts';
import type { Pausing } from '../steering/pausing.ts';
import type { Receipt } from '../run/receipt.ts';
import { isEnd } from '../run/status.ts';
import type { Row, RunStatus, Store } from '../store.ts';
import type { Told } from '../run/told.ts';
import type { Writes } from '../turns/writes.ts';
import type { LiveActor } from '../xstate/insider.ts';
import { parseQuestionId } from './ids.ts';
import { ANSWER } from './input-request.ts';
import type { Change, OpenQuestion, Questions } from './questions.ts';
import {
  asideKey,
  asideRow,
  inputOfAside,
  readClosing,
  type AnswerRecord,
  type RecordStatus,
} from './records.ts';
import { checkSize, validate } from './schema.ts';

/** What is said with an answer. */
export interface AnswerOptions {
  /** Who answers. Kept with the answer. */
  readonly by?: string;
  /** The answer's id: given twice with the same id, it is one answer. */
  readonly id?: string;
}

/** An answer that is given to a run. */
export interface GivenAnswer {
  readonly by?: string | undefined;
  readonly id?: string | undefined;
  /** When it was given, in milliseconds since 1970. Default: now. */
  readonly at?: number | undefined;
  /** The message that brought it. */
  readonly take?: string | undefined;
  /** The row that kept it until its question opened. */
  readonly aside?: string | undefined;
}

/** The run whose questions are answered. */
export interface AnswersOwner {
  readonly id: string;
  readonly context: {
    readonly store: Store;
    readonly inline: Codec;
    readonly clock: { now(): number };
    readonly answerBytes: number;
    readonly logger: (...args: unknown[]) => void;
  };
  /** Throws where the run takes nothing any more. */
  checkOpen(): void;
  deliver(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt>;
  record(writes: Writes): Promise<unknown>;
  readonly pausing: Pausing;
  readonly status: RunStatus;
  readonly host: { readonly isActive: boolean };
  /** Resolves when it holds; rejects where the run is let go of before. */
  until(holds: () => boolean): Promise<void>;
  /** Delivers what waits in the inbox. */
  drain(): Promise<void>;
}

/** Who takes answers to what the code of effects asks. */
interface EffectAnswers {
  answer(question: OpenQuestion, record: AnswerRecord, told: Told): Promise<Receipt>;
}

/** An answer that waits for its question. */
interface Early {
  readonly key: string;
  readonly record: AnswerRecord;
  /** Settles when it is kept in the store. */
  stored?: Promise<unknown>;
}

export class Answers {
  /** Answers that wait for their question, by its id, in the order in which they came. */
  #early: Map<string, Early[]> | undefined;

  constructor(
    private readonly owner: AnswersOwner,
    private readonly questions: Questions,
    private readonly effects: EffectAnswers,
  ) {}

  /**
   * Answers a question, or keeps the answer until the question opens.
   *
   * @throws {InvalidInputError} where its schema does not take it.
   * @throws {EventNotAcceptedError} where the state that asks does not.
   * @throws {InputClosedError}
   */
  answer(input: string, given: unknown, said: GivenAnswer): Promise<Receipt> {
    const { context, pausing } = this.owner;
    try {
      checkSize(input, given, context.answerBytes, context.inline);
      if (pausing.holdsBack(said)) return this.#later(input, given, said);
      const question = this.questions.find(input);
      if (!question) return this.#notOpen(input, given, said);
      this.owner.checkOpen();
      // What the code of an effect asks is checked by that code, which may not have come to it again.
      if (this.questions.isDetached(question))
        return this.questions.attached(input).then(() => this.answer(input, given, said));
      // A schema may take its time, and its code may have closed the question.
      const give = (value: unknown): Promise<Receipt> =>
        this.questions.find(input) !== question || pausing.holdsBack(said)
          ? this.answer(input, given, said)
          : this.#give(question, given, value, said);
      const checked = validate(input, question.schema, given);
      return checked instanceof Promise ? checked.then(give) : give(checked);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #give(question: OpenQuestion, given: unknown, value: unknown, said: GivenAnswer): Promise<Receipt> {
    const { id } = question.input;
    return this.#deliver(question, value, said).then(
      (receipt) =>
        // The turn that opened it was taken back: it is early now.
        receipt.accepted === false && this.questions.find(id) !== question
          ? this.answer(id, given, said)
          : receipt,
      async (error: unknown) => {
        // Somebody left an answer in the inbox first: that one is looked at first.
        if (!(error instanceof MessageWaitsError)) throw error;
        await this.owner.drain();
        return this.answer(id, given, said);
      },
    );
  }

  /** What came from the inbox, or waits for its question, is there still when the run goes on. */
  #later(input: string, given: unknown, { by, id, take, aside }: GivenAnswer): Promise<Receipt> {
    if (take !== undefined || aside !== undefined) throw new HeldBackError();
    return this.owner.pausing.queueAnswer(input, given, {
      ...(by !== undefined && { by }),
      ...(id !== undefined && { id }),
    });
  }

  /** Does an answer wait for the code that asks? */
  isDetached(input: string): boolean {
    const question = this.questions.find(input);
    return question !== undefined && this.questions.isDetached(question);
  }

  #deliver(question: OpenQuestion, value: unknown, said: GivenAnswer): Promise<Receipt> {
    const { asker, input } = question;
    const { by, id, take, aside, at = this.owner.context.clock.now() } = said;
    const told: Told = { by, take, aside, answer: { input: input.id, value, by, id, at } };
    if (asker.effect) {
      const record: AnswerRecord = { status: 'answered', value, by, id, at };
      return this.effects.answer(question, record, told);
    }
    if (asker.state === undefined) return this.owner.deliver(asker.actor, { type: ANSWER, value }, told);
    const event = eventOf(question, value, by);
    return this.owner.deliver(asker.actor, event, told).then((receipt) => {
      if (!receipt.accepted) throw new EventNotAcceptedError(this.owner.id, event.type, asker.accepts ?? []);
      return receipt;
    });
  }

  async #notOpen(input: string, value: unknown, said: GivenAnswer): Promise<Receipt> {
    const { questions } = this;
    const { id: run, context } = this.owner;
    const { by, id, take, aside, at = context.clock.now() } = said;
    if (parseQuestionId(input).run !== run)
      throw new InvalidArgumentError(`The question '${input}' is not one of run '${run}'.`);
    if (questions.closing(input)) await this.owner.until(() => !questions.closing(input));
    const { openings } = questions;
    const closed = await readClosing(context.store, run, input, context.inline);
    // Also where the run is at its end: whoever comes second is told who was first.
    if (closed)
      return this.#taken(
        alreadyClosed(input, closed, id),
        take,
        isEnd(this.owner.status) ? undefined : aside,
      );
    this.owner.checkOpen();
    // A turn that is not committed yet has ended the run: then it never opens.
    if (!this.owner.host.isActive) {
      await this.owner.until(() => this.owner.host.isActive || isEnd(this.owner.status));
      return this.answer(input, value, said);
    }
    // It may have opened while the store was asked, and be closed again.
    if (questions.find(input) || questions.openings > openings) return this.answer(input, value, said);
    const known = id === undefined ? undefined : this.#early?.get(input)?.find((one) => one.record.id === id);
    if (known) {
      await known.stored;
      return this.#taken({ delivered: false }, take);
    }
    const record: AnswerRecord = { status: 'early', value, by, id, at };
    const row = asideRow(asideKey(input, at), record, context.inline);
    const stored = this.owner.record({ put: [row], ...(take !== undefined && { take: [take] }) });
    const early: Early = { key: row.key, record, stored };
    this.#keep(input, early);
    try {
      await stored;
    } catch (error) {
      this.#forget(input, early);
      throw error;
    }
    // It opened meanwhile.
    if (questions.find(input)) this.#deliverEarly(input);
    return { delivered: false };
  }

  /** The message of an answer that was given before, or what was kept of it, is done with. */
  async #taken(receipt: Receipt, take: string | undefined, aside?: string): Promise<Receipt> {
    if (take !== undefined || aside !== undefined)
      await this.owner.record({
        ...(take !== undefined && { take: [take] }),
        ...(aside !== undefined && { drop: [{ kind: 'answer', key: aside }] }),
      });
    return receipt;
  }

  // --- Answers that came early

  #keep(input: string, early: Early): void {
    const kept = this.#early?.get(input);
    if (kept) kept.push(early);
    else (this.#early ??= new Map()).set(input, [early]);
  }

  #forget(input: string, early: Early): void {
    const kept = this.#early?.get(input)?.filter((one) => one !== early) ?? [];
    if (kept.length > 0) this.#early!.set(input, kept);
    else this.#early?.delete(input);
  }

  /** Goes on from what was read. */
  continueFrom(kept: readonly (readonly [key: string, record: AnswerRecord])[]): void {
    for (const [key, record] of kept)
      if (record.status === 'early') this.#keep(inputOfAside(key), { key, record });
  }

  /** Questions were committed: answers may wait for those that opened. */
  opened({ opened }: Change): void {
    if (this.#early) for (const { input } of opened) this.#deliverEarly(input.id);
  }

  /** Delivers those whose question is open by now. */
  deliverEarly(): void {
    for (const input of [...(this.#early?.keys() ?? [])])
      if (this.questions.find(input)) this.#deliverEarly(input);
  }

  #deliverEarly(input: string): void {
    const early = this.#early?.get(input);
    if (!early || this.owner.pausing.isPaused) return;
    this.#early!.delete(input);
    void (async () => {
      for (const [at, { key, record }] of early.entries()) {
        const { value, by, id } = record;
        try {
          await this.answer(input, value, { by, id, at: record.at, aside: key });
        } catch (error) {
          if (error instanceof HeldBackError) return void this.#early!.set(input, early.slice(at));
          if (isRefusal(error)) await this.refuse(input, record, error, { aside: key });
          else {
            // The run could not take it. It is tried again with the next opening; the next one may do.
            this.owner.checkOpen();
            this.owner.context.logger(error);
          }
        }
      }
    })().catch(this.owner.context.logger);
  }

  /** Keeps what came to nothing: who gave which answer, and why it was not taken. */
  async refuse(
    input: string,
    record: Omit<AnswerRecord, 'status'>,
    error: unknown,
    { take, aside }: Pick<GivenAnswer, 'take' | 'aside'>,
    status: RecordStatus = 'refused',
  ): Promise<void> {
    const reason = error instanceof Error ? error.message : undefined;
    const row = asideRow(
      aside ?? asideKey(input, record.at),
      { ...record, status, reason },
      this.owner.context.inline,
    );
    await this.owner.record({ put: [row], ...(take !== undefined && { take: [take] }) });
  }

  /** Answers that wait, and were given again under their id and came first as such: they go with the turn that took that. */
  overtaken({ closed }: Change): Writes | undefined {
    if (!this.#early) return undefined;
    const drop = closed.flatMap(({ question: { input }, record: { id } }) =>
      (this.#early?.get(input.id) ?? [])
        .filter(({ record }) => id !== undefined && record.id === id)
        .map(({ key }): Pick<Row, 'kind' | 'key'> => ({ kind: 'answer', key })),
    );
    return drop.length > 0 ? { drop } : undefined;
  }

  /** What the end of the run makes of answers that still wait for their question. */
  atEnd(): Writes | undefined {
    const { inline } = this.owner.context;
    const put: Row[] = [];
    for (const [input, kept] of this.#early ?? [])
      for (const { key, record } of kept) {
        const isOvertaken = record.id !== undefined && this.questions.closing(input)?.id === record.id;
        if (!isOvertaken) put.push(asideRow(key, { ...record, status: 'neverOpened' }, inline));
      }
    return put.length > 0 ? { put } : undefined;
  }
}

/** Is it the answer that is wrong, and not the run that cannot take it now? */
export const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidInputError ||
  error instanceof EventNotAcceptedError ||
  error instanceof InputClosedError;

/** The receipt of an answer that was given before under the same id. Throws `InputClosedError` for any other. */
export function alreadyClosed(input: string, closed: AnswerRecord, id: string | undefined): Receipt {
  const { status, by, at, seq } = closed;
  if (id !== undefined && closed.id === id)
    return { delivered: true, accepted: true, ...(seq !== undefined && { seq }) };
  throw new InputClosedError(input, status as 'answered' | 'expired' | 'withdrawn', by, new Date(at));
}

/** The event that an answer is for the state that asks. */
function eventOf({ asker, input }: OpenQuestion, value: unknown, by: string | undefined): AnyEventObject {
  if (asker.event !== undefined) return { type: asker.event, value, inputId: input.id, by };
  const event = value as AnyEventObject | null | undefined;
  if (typeof event !== 'object' || event === null || typeof event.type !== 'string')
    throw new InvalidInputError(input.id, [
      { message: `it is an event with one of the types ${(asker.accepts ?? []).join(', ')}` },
    ]);
  return event;
}
