/** Events, answers and control calls for runs that this runtime may not hold. */
import type { AnyEventObject } from 'xstate';
import type { Codec } from './checkpoint/codec.ts';
import { decodeText } from './checkpoint/text.ts';
import {
  ConflictError,
  CorruptCheckpointError,
  FencedError,
  IncompatibleMachineError,
  InputClosedError,
  MachineNotRegisteredError,
  RunClosedError,
  RunLockedError,
  RunNotFoundError,
  SavepointError,
  StoreError,
} from './errors.ts';
import { checkId } from './ids.ts';
import { alreadyClosed, type AnswerOptions } from './input/answers.ts';
import { parseQuestionId } from './input/ids.ts';
import { decodeQuestion } from './input/pending-input.ts';
import { readClosing, type AnswerRecord } from './input/records.ts';
import { checkSize, validate } from './input/schema.ts';
import type { Machines } from './machines.ts';
import { decisiveId, encodeMail, eventId, randomId, type Mail } from './mail.ts';
import type { Receipt } from './receipt.ts';
import type { RunCore } from './run-core.ts';
import type { SendOptions } from './told.ts';
import { receiptOf } from './sends.ts';
import { readMore } from './run-info.ts';
import { isEnd, whyOver } from './standing.ts';
import type { RowKind, Store } from './store.ts';
import { unref } from './unref.ts';
import { asksAt, schemaAt } from './xstate/asking.ts';

/** The runtime that delivers. */
export interface DeliveryContext {
  readonly store: Store;
  readonly inline: Codec;
  readonly answerBytes: number;
  readonly clock: { now(): number };
  readonly logger: (...args: unknown[]) => void;
}

/** Gives a run that is held here for a moment; it is released at rest. Rejects where it cannot be. */
export type Borrow = <T>(id: string, use: (core: RunCore) => Promise<T>) => Promise<T>;

const QUEUED: Receipt = { delivered: false };

// How long to wait for a store that failed, in milliseconds.
const FIRST_RETRY = 10;
const LAST_RETRY = 1000;

export class Delivery {
  #isOver = false;

  constructor(
    private readonly context: DeliveryContext,
    private readonly machines: Machines,
    private readonly borrow: Borrow,
  ) {}

  async send(run: string, event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    const here = await this.#here(run, (core) => core.send(event, options));
    return here ?? this.#queueEvent(run, event, options);
  }

  async #queueEvent(run: string, event: AnyEventObject, { id, by }: SendOptions): Promise<Receipt> {
    const mail: Mail = { type: 'event', event, id, by };
    const unless = id === undefined ? undefined : ({ kind: 'event', key: id } as const);
    const known = await this.#enqueue(run, id === undefined ? randomId() : eventId(id), mail, unless);
    // The receipt of the first one is the seq of its turn; what waits is a message.
    return known !== undefined && /^\d+$/.test(known) ? receiptOf({ value: known }) : QUEUED;
  }

  /**
   * Leaves an event in a run's inbox, and has it delivered. Resolves when it is stored, or can never be: a store that
   * fails is tried again, as long as this runtime lives.
   */
  async post(run: string, event: AnyEventObject, id: string): Promise<void> {
    for (let wait = FIRST_RETRY; ; wait = Math.min(LAST_RETRY, wait * 2)) {
      try {
        checkId('run', run);
        await this.#queueEvent(run, event, { id });
        break;
      } catch (error) {
        if (this.#isOver) throw error;
        if (SavepointError.isInstance(error) && !(error instanceof StoreError)) {
          this.context.logger(`The event '${event.type}' of the effect '${id}' has nobody to go to.`, error);
          return;
        }
        if (wait === FIRST_RETRY)
          this.context.logger(
            `Savepoint could not send '${event.type}' to run '${run}'; it is tried again.`,
            error,
          );
        const retry = wait;
        await new Promise((resolve) => unref(setTimeout(resolve, retry)));
      }
    }
    this.#here(run, async (core) => core.drain()).catch(this.context.logger);
  }

  /** The runtime is closed: what is not stored by now stays in the outbox that it comes from. */
  close(): void {
    this.#isOver = true;
  }

  async answer(inputId: string, value: unknown, options: AnswerOptions): Promise<Receipt> {
    const { run } = parseQuestionId(inputId);
    const here = await this.#here(run, (core) => core.answer(inputId, value, options));
    return here ?? this.#queueAnswer(run, inputId, value, options);
  }

  async #queueAnswer(
    run: string,
    input: string,
    value: unknown,
    { by, id }: AnswerOptions,
  ): Promise<Receipt> {
    const { store, inline, answerBytes, clock } = this.context;
    checkSize(input, value, answerBytes, inline);
    const closed = await readClosing(store, run, input, inline);
    if (closed) return alreadyClosed(input, closed, id);
    const isChecked = await this.#check(input, value);
    const mail: Mail = { type: 'answer', input, value, id, by, at: clock.now() };
    const known = await this.#enqueue(run, isChecked ? decisiveId(input) : randomId(), mail, {
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
  async #check(input: string, value: unknown): Promise<boolean> {
    const [stored] = await this.context.store.questions({ id: input, limit: 1 });
    if (!stored) return false;
    const { input: question, body } = await decodeQuestion(stored, this.context.inline);
    const machine = this.machines.find(stored.machine, undefined);
    const { effect, sources = [] } = body;
    if (!machine || effect !== undefined || !asksAt(machine, sources, question.state)) return false;
    await validate(input, schemaAt(machine, sources, question.state), value);
    // Where the answer is the event, only the run knows for sure whether it is taken.
    return question.accepts?.includes((value as Partial<AnyEventObject> | null)?.type ?? '') ?? true;
  }

  async cancel(run: string, by: string | undefined, reason: string | undefined): Promise<void> {
    const here = await this.#here(run, async (core) => {
      await core.cancel({ by, reason });
      return true;
    });
    if (!here) await this.#enqueue(run, randomId(), { type: 'cancel', by, reason });
  }

  /** `undefined`: the run is not here, and cannot be now. */
  async #here<T>(run: string, use: (core: RunCore) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      let core: RunCore | undefined;
      try {
        return await this.borrow(run, (borrowed) => use((core = borrowed)));
      } catch (error) {
        // Its holder lets go of it at this moment: it is taken anew.
        if (error instanceof RunClosedError && core?.isReleased) continue;
        if (isElsewhere(error)) return undefined;
        throw error;
      }
    }
  }

  /** The value of what is known under the id, or in the row that was named. */
  async #enqueue(
    run: string,
    id: string,
    mail: Mail,
    unless?: { readonly kind: RowKind; readonly key: string },
  ): Promise<string | undefined> {
    const { store } = this.context;
    const [stored] = await store.runs({ run, limit: 1 });
    // What waits for a quarantined run is delivered when it is taken up again.
    if (stored && isEnd(stored.status) && stored.status !== 'quarantined') {
      // It may be known all the same, from the last turn of the run.
      const [row] = unless ? await store.rows(run, unless.kind, unless) : [];
      if (row) return row.value as string;
      const { error, cancelled } = readMore(stored);
      throw new RunClosedError(run, whyOver(error, cancelled));
    }
    const answer = await store.enqueue(run, encodeMail(this.context.inline, id, mail), unless);
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
}

/** Somebody else has the run, or whoever can open it will. */
const isElsewhere = (error: unknown): boolean =>
  [
    RunLockedError,
    MachineNotRegisteredError,
    IncompatibleMachineError,
    CorruptCheckpointError,
    FencedError,
    ConflictError,
  ].some((kind) => error instanceof kind);
