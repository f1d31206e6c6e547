/** What the code of effects asks: in the middle of a durable function, and what is to become of one that was cut off. */
import type { AnyEventObject } from 'xstate';
import { InputExpiredError, InterruptedError, InvalidInputError } from '../errors.ts';
import { checkQuestion, type InputQuestion } from '../input/input-request.ts';
import type { Asker, Change, OpenQuestion, Questions } from '../input/questions.ts';
import { readClosing, type AnswerRecord } from '../input/records.ts';
import type { StandardSchema } from '../input/schema.ts';
import type { Codec } from '../checkpoint/codec.ts';
import type { Receipt } from '../run/receipt.ts';
import type { Row, Store } from '../store.ts';
import type { Told } from '../run/told.ts';
import type { Writes } from '../turns/writes.ts';
import { actorPath } from '../xstate/actor-path.ts';
import type { Clock } from '../xstate/delays.ts';
import type { Effect } from '../xstate/effect.ts';
import type { LiveActor } from '../xstate/insider.ts';
import { interruptSchema, type Verdict } from './interrupt-schema.ts';
import type { StepQuestion } from './journal.ts';
import { Alarm } from './sleep.ts';

/** The run whose effects ask. */
export interface EffectQuestionsOwner {
  readonly id: string;
  readonly seq: number;
  readonly context: { readonly store: Store; readonly inline: Codec; readonly clock: Clock };
  readonly pausing: { readonly isPaused: boolean };
  record(writes: Writes): Promise<unknown>;
  /** An effect waits, or works again: that may make another status. */
  parked(): void;
  /** Something became durable. */
  progressed(): void;
  deliver(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt>;
  readonly host: { fail(actor: LiveActor, error: unknown): void };
}

export class EffectQuestions {
  #alarms: Map<string, Alarm> | undefined;
  /** Questions whose deadline has passed while the run is paused. */
  #overdue: Set<string> | undefined;
  /** Those that were cut off, and wait for somebody to say what is to become of them. */
  #interrupted: Map<string, Effect> | undefined;

  constructor(
    private readonly owner: EffectQuestionsOwner,
    private readonly questions: Questions,
  ) {}

  /** Asks in the middle of a function, or goes on waiting for what was asked before. */
  ask(effect: Effect, { name, key, known, entry, question, signal }: StepQuestion): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      const answered = (record: AnswerRecord, id: string): void => {
        if (record.status === 'answered' || 'value' in record) resolve(record.value);
        else reject(new InputExpiredError(id, new Date(record.at)));
      };
      const asker = this.#asker(effect, answered);
      const row = (id: string): Row => ({ kind: 'step', key: `${effect.key}/${key}`, value: entry(id) });
      this.#openOrFind(asker, question, name, known, row).then(
        (record) => record && answered(record, known!),
        reject,
      );
    });
  }

  #asker(effect: Effect, answered: (record: AnswerRecord, id: string) => void): Asker {
    const { actor } = effect;
    // Before its answer is written, so that the run is not taken to be at rest.
    const wake = (): (() => void) => {
      const until = effect.parkedUntil;
      effect.parkedUntil = undefined;
      return () => this.#park(effect, until);
    };
    const code = { key: effect.key, wake, answered };
    return {
      actor,
      path: actorPath(actor),
      state: undefined,
      event: undefined,
      accepts: undefined,
      effect: code,
    };
  }

  /** The record of a question that is closed already. */
  async #openOrFind(
    asker: Asker,
    given: unknown,
    name: string | undefined,
    known: string | undefined,
    row: ((id: string) => Row) | undefined,
  ): Promise<AnswerRecord | undefined> {
    const { questions } = this;
    const { context, id: run } = this.owner;
    checkQuestion(given);
    const question = (given ?? {}) as InputQuestion & { readonly schema?: StandardSchema };
    if (known !== undefined) {
      const open = questions.attach(known, asker, question.schema);
      if (!open) return readClosing(context.store, run, known, context.inline);
      this.#setAlarm(open);
      return undefined;
    }
    const change = questions.openForEffect(asker, question, name);
    const [open] = change.opened as [OpenQuestion];
    try {
      const writes = questions.writes(change, undefined, this.owner.seq);
      await this.owner.record(row ? { ...writes, put: [row(open.input.id)] } : writes);
    } catch (error) {
      questions.rewind(change);
      throw error;
    }
    // A turn that was committed with it may have closed it.
    if (!questions.isKnown(open.input.id)) return undefined;
    questions.committed(change);
    this.owner.progressed();
    this.#setAlarm(open);
    return undefined;
  }

  #setAlarm({ input: { id, deadline } }: OpenQuestion): void {
    if (deadline === undefined) return;
    const { clock } = this.owner.context;
    // A clock that is moved by hand would leave a timer of 0 ms waiting for its next move.
    if (deadline <= clock.now()) return queueMicrotask(() => void this.#expire(id));
    (this.#alarms ??= new Map()).set(id, new Alarm(clock, deadline, () => void this.#expire(id)));
  }

  async #expire(id: string): Promise<void> {
    if (this.owner.pausing.isPaused) (this.#overdue ??= new Set()).add(id);
    else await this.#expireNow(id);
  }

  async #expireNow(id: string): Promise<void> {
    const question = this.questions.find(id);
    if (!question) return;
    const record: AnswerRecord = { status: 'expired', ...question.fallback, at: question.input.deadline! };
    await this.#close(question, record, {}).catch(() => {});
  }

  /** Ends the questions whose deadline passed while the run was paused, by a time. */
  async expireDue(time: number): Promise<void> {
    for (const id of this.#overdue ?? []) {
      const deadline = this.questions.find(id)?.input.deadline;
      if (deadline !== undefined && deadline > time) continue;
      this.#overdue!.delete(id);
      await this.#expireNow(id);
    }
  }

  /** An answer to what an effect asked. */
  async answer(question: OpenQuestion, record: AnswerRecord, told: Told): Promise<Receipt> {
    const interrupted = this.#interrupted?.get(question.asker.effect!.key);
    const verdict = record.value as Verdict;
    if (interrupted && verdict.action !== 'rerun') {
      const event =
        verdict.action === 'fail'
          ? interrupted.failure(new InterruptedError(interrupted.identity.effectId))
          : interrupted.success(verdict.output);
      if (event) return this.owner.deliver(interrupted.actor, event, told);
      const message = 'only a promise has an output; rerun it, or let it fail';
      throw new InvalidInputError(question.input.id, [{ message }]);
    }
    await this.#close(question, record, told);
    return { delivered: true, accepted: true };
  }

  async #close(question: OpenQuestion, record: AnswerRecord, told: Told): Promise<void> {
    const { questions } = this;
    const change = questions.closeForEffect(question, record);
    const sleepAgain = question.asker.effect?.wake?.();
    try {
      const writes = questions.writes(change, told, this.owner.seq);
      await this.owner.record(told.take === undefined ? writes : { ...writes, take: [told.take] });
    } catch (error) {
      questions.rewind(change);
      sleepAgain?.();
      throw error;
    }
    this.#stopAlarm(question.input.id);
    questions.committed(change);
    this.owner.progressed();
    question.asker.effect?.answered?.(record, question.input.id);
  }

  /** Nobody waits for these any more. */
  stopAlarms({ closed }: Change): void {
    for (const { question } of closed) this.#stopAlarm(question.input.id);
  }

  #stopAlarm(id: string): void {
    this.#alarms?.get(id)?.stop();
    this.#alarms?.delete(id);
  }

  // --- Effects that were cut off

  /** Asks what is to become of an effect that was cut off. */
  askAfterInterrupt(effect: Effect, start: () => void): void {
    const { key, identity } = effect;
    this.#park(effect, Infinity);
    (this.#interrupted ??= new Map()).set(key, effect);
    const asker = this.#asker(effect, () => {
      this.#interrupted?.delete(key);
      this.#park(effect, undefined);
      start();
    });
    const known = this.questions.ofEffect(key, actorPath(effect.actor));
    const question = {
      prompt: new InterruptedError(identity.effectId).message,
      choices: [{ action: 'rerun' }, { action: 'fail' }],
      schema: interruptSchema,
    };
    this.#openOrFind(asker, question, undefined, known, undefined).catch((error: unknown) => {
      // Nobody can be asked.
      this.#interrupted?.delete(key);
      this.owner.host.fail(effect.actor, error);
    });
  }

  #park(effect: Effect, until: number | undefined): void {
    effect.parkedUntil = until;
    this.owner.parked();
  }

  /** The run is let go of. */
  close(): void {
    for (const alarm of this.#alarms?.values() ?? []) alarm.stop();
  }
}
