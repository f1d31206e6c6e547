/**
 * The open questions of one run: which turn opens and closes them, under which id, and what is written for that.
 *
 * A turn's share is worked out when it ends, and taken back when it is. What a person sees are committed questions only.
 */
import type { Codec } from '../checkpoint/codec.ts';
import type { Question, Row } from '../store.ts';
import { decisiveId } from '../inbox/mail.ts';
import type { Told, ToldAnswer } from '../run/told.ts';
import type { Writes } from '../turns/writes.ts';
import { actorAt, actorPath } from '../xstate/actor-path.ts';
import { actorsOf, askingOf, isAsking, isStillAsking, sourcesOf, type Asking } from '../xstate/asking.ts';
import type { Delay } from '../xstate/delays.ts';
import type { Host } from '../xstate/host.ts';
import type { Turn } from '../xstate/turn.ts';
import { questionId, splitTimes } from './ids.ts';
import { DEADLINE, EXPIRED, type InputQuestion } from './input-request.ts';
import {
  encodeQuestion,
  type DecodedQuestion,
  type PendingInput,
  type QuestionBody,
} from './pending-input.ts';
import { closingRow, type AnswerRecord } from './records.ts';
import { jsonSchemaOf, type StandardSchema } from './schema.ts';

/** Who asks: an actor or one of its states, or the code of an effect. */
export type Asker = Pick<Asking, 'actor' | 'path' | 'state' | 'event' | 'accepts'> & {
  /** Of the code of an effect: which one, and what it is given. */
  readonly effect?:
    | {
        readonly key: string;
        /** It is about to go on, and no longer waits. What it gives takes that back. */
        readonly wake?: () => () => void;
        /** Not there until its code has come to the question again. */
        readonly answered?: (record: AnswerRecord, id: string) => void;
      }
    | undefined;
};

export interface OpenQuestion {
  readonly input: PendingInput;
  readonly asker: Asker;
  readonly schema: StandardSchema | undefined;
  /** Its answer past the deadline, where it has one. */
  readonly fallback: { readonly value: unknown } | undefined;
  /** Is the turn that opened it committed? From then on people see it. */
  isCommitted: boolean;
  /** Why it is closed, until that is committed as well. */
  closing: AnswerRecord | undefined;
}

/** A question that is no longer open, and why. */
interface Closed {
  readonly question: OpenQuestion;
  readonly record: AnswerRecord;
}

/** What a turn did to the questions. */
export interface Change {
  readonly opened: OpenQuestion[];
  readonly closed: Closed[];
}

/** The run whose questions they are. */
export interface QuestionsOwner {
  readonly id: string;
  readonly machine: { readonly id: string };
  readonly tags: readonly string[];
  readonly host: Host;
  readonly context: {
    readonly inline: Codec;
    readonly clock: { now(): number };
    /** These were committed. */
    questionsChanged(change: Change): void;
  };
}

/** What is kept of a run's questions. */
interface Books {
  /** Those that are open, and those that are about to be closed, in the order in which they opened. */
  readonly asked: Map<string, OpenQuestion>;
  /** How often each was opened, by the id without a number. Not of one that is open for the first time. */
  counts: Map<string, number> | undefined;
  /** How many were opened since the run was. */
  openings: number;
  /** Who waits for code to come to its question again. */
  attaching: readonly { readonly id: string; resolve(): void }[];
  /** Stored, and asked by nobody that was restored. */
  orphans: PendingInput[];
}

export class Questions {
  // Most runs ask nothing, and there may be many runs: nothing is made before the first question.
  #kept: Books | undefined;

  constructor(private readonly owner: QuestionsOwner) {}

  get #books(): Books {
    return (this.#kept ??= {
      asked: new Map(),
      counts: undefined,
      openings: 0,
      attaching: [],
      orphans: [],
    });
  }

  /** Does the run wait for somebody, as of the last turn that ended? */
  get isAsking(): boolean {
    for (const { closing } of this.#kept?.asked.values() ?? []) if (!closing) return true;
    return false;
  }

  /** The questions that people see. */
  get pending(): PendingInput[] {
    const asked = [...(this.#kept?.asked.values() ?? [])];
    return asked.filter(({ isCommitted }) => isCommitted).map(({ input }) => input);
  }

  /** An open question, as of the last turn that ended. */
  find(id: string): OpenQuestion | undefined {
    const question = this.#kept?.asked.get(id);
    return question?.closing ? undefined : question;
  }

  /** Rises with each question that opens. */
  get openings(): number {
    return this.#kept?.openings ?? 0;
  }

  /** Why a question is closed, where that is not committed yet. */
  closing(id: string): AnswerRecord | undefined {
    return this.#kept?.asked.get(id)?.closing;
  }

  // --- Turns

  /** Works out what a turn that ended did. `undefined`: nothing. */
  turnEnded(turn: Turn, told: Told | undefined): Change | undefined {
    let change: Change | undefined;
    // One that the machine has no transition for answers nothing.
    const answered = turn.taken === false ? undefined : told?.answer;
    if (this.#kept)
      for (const question of this.#kept.asked.values()) {
        if (question.closing) continue;
        const isAnswered = question.input.id === answered?.input;
        if (!isAnswered && isStillAsking(question.asker)) continue;
        (change ??= { opened: [], closed: [] }).closed.push({
          question,
          record: this.#closingRecord(question, turn, isAnswered ? answered : undefined),
        });
      }
    for (const closed of change?.closed ?? []) this.#close(closed, turn);
    // The turn that starts a run notes no root, as nothing was before it.
    const { root } = this.owner.host;
    if (turn.cause.kind === 'start' && isAsking(root)) change = this.#openAll(askingOf(root), turn, change);
    for (const { actor } of turn.notes)
      if (isAsking(actor)) change = this.#openAll(askingOf(actor), turn, change);
    for (const actor of turn.born) if (isAsking(actor)) change = this.#openAll(askingOf(actor), turn, change);
    return change;
  }

  #closingRecord(
    { asker, fallback }: OpenQuestion,
    turn: Turn,
    answer: ToldAnswer | undefined,
  ): AnswerRecord {
    if (answer) {
      const { value, by, id, at } = answer;
      return { status: 'answered', value, by, id, at };
    }
    const at = this.owner.context.clock.now();
    const isExpired = turn.cause.delay?.id === DEADLINE && turn.cause.target === asker.actor;
    return isExpired ? { status: 'expired', ...fallback, at } : { status: 'withdrawn', at };
  }

  #close(closed: Closed, turn: Turn): void {
    const { question } = closed;
    this.#noteClosed(closed);
    this.#nowAttached(question.input.id);
    for (const delay of this.#deadlinesOf(question)) {
      this.owner.host.delays.remove(delay);
      turn.removed = [...turn.removed, delay];
    }
  }

  #noteClosed({ question, record }: Closed): void {
    const books = this.#books;
    question.closing = record;
    const [base, times] = splitTimes(question.input.id);
    (books.counts ??= new Map()).set(base, Math.max(times, books.counts.get(base) ?? 0));
  }

  #deadlinesOf({ asker, input }: OpenQuestion): Delay[] {
    if (input.deadline === undefined || asker.state !== undefined) return [];
    return [...this.owner.host.delays.all()].filter(
      ({ source, id }) => source === asker.actor && id === DEADLINE,
    );
  }

  #openAll(
    askings: readonly Asking[],
    turn: Turn | undefined,
    change: Change | undefined,
  ): Change | undefined {
    for (const asking of askings) {
      if (this.#isOpen(asking)) continue;
      const { question, schema } = asking;
      const opened = this.#make(asking, question, schema);
      this.#books.asked.set(opened.input.id, opened);
      (change ??= { opened: [], closed: [] }).opened.push(opened);
      if (turn && opened.input.deadline !== undefined) this.#setDeadline(opened, turn);
    }
    return change;
  }

  #isOpen({ actor, state }: Asking): boolean {
    for (const { asker, closing } of this.#books.asked.values())
      if (!closing && !asker.effect && asker.actor === actor && asker.state === state) return true;
    return false;
  }

  #make(
    asker: Asker,
    question: InputQuestion,
    schema: StandardSchema | undefined,
    name?: string,
  ): OpenQuestion {
    const { id: run, machine, tags, context } = this.owner;
    const { path, state, event, accepts } = asker;
    const actor = name === undefined ? path : path === '' ? name : `${path}/${name}`;
    const base = questionId({ run, actor, ...(state !== undefined && { state }) });
    const times = this.#timesOf(base) + 1;
    if (times > 1) (this.#books.counts ??= new Map()).set(base, times);
    this.#books.openings++;
    const { prompt, details, choices, deadline, assignee } = question;
    const input: PendingInput = {
      id: times === 1 ? base : `${base}#${times}`,
      run,
      machine: machine.id,
      actor,
      state,
      prompt,
      details,
      choices,
      schema: jsonSchemaOf(schema),
      event,
      accepts,
      assignee,
      deadline: deadline === undefined ? undefined : Number(deadline),
      opened: context.clock.now(),
      tags,
    };
    return {
      input,
      asker,
      schema,
      fallback: question.default === undefined ? undefined : { value: question.default },
      isCommitted: false,
      closing: undefined,
    };
  }

  /** How often a question was opened, by its id without a number. */
  #timesOf(base: string): number {
    const { counts, asked } = this.#books;
    return counts?.get(base) ?? (asked.has(base) ? 1 : 0);
  }

  #setDeadline({ asker: { actor }, input: { id, deadline }, fallback }: OpenQuestion, turn: Turn): void {
    const { host, context } = this.owner;
    const due = deadline!;
    const event = {
      type: EXPIRED,
      input: id,
      deadline: due,
      hasDefault: fallback !== undefined,
      ...fallback,
    };
    const delay = host.delays.make(actor, actor, event, due - context.clock.now(), DEADLINE);
    turn.added = [...turn.added, delay];
    if (due > context.clock.now()) return host.delays.add(delay);
    // A clock that is moved by hand would leave a timer of 0 ms waiting for its next move.
    host.delays.addDue(delay);
    turn.held.push({ actor: undefined, run: () => queueMicrotask(() => host.fire(delay)) });
  }

  /** What a change writes. Throws `NotSerializableError`. */
  writes({ opened, closed }: Change, told: Told | undefined, seq: number): Writes {
    const { inline } = this.owner.context;
    const put: Row[] = [];
    for (const { question, record } of closed) {
      put.push(closingRow(question.input.id, { ...record, seq }, inline));
      put.push(this.#counted(question.input.id));
    }
    return {
      ask: opened.length > 0 ? opened.map((question) => this.#encode(question)) : undefined,
      close: closed.length > 0 ? closed.map(({ question }) => question.input.id) : undefined,
      put: put.length > 0 ? put : undefined,
      unless: told?.answer && told.take === undefined ? [decisiveId(told.answer.input)] : undefined,
      drop: told?.aside === undefined ? undefined : [{ kind: 'answer', key: told.aside }],
    };
  }

  #encode({ input, asker, fallback }: OpenQuestion): Question {
    const rest: QuestionBody = {
      ...(asker.path !== '' && { sources: sourcesOf(asker.actor) }),
      ...(asker.effect && { effect: asker.effect.key }),
      ...(fallback && { default: fallback.value }),
    };
    return encodeQuestion(input, rest, this.owner.context.inline);
  }

  #counted(id: string): Row {
    const [key, times] = splitTimes(id);
    return { kind: 'asked', key, value: String(times) };
  }

  /** A turn was taken back. */
  rewind({ opened, closed }: Change): void {
    for (const { input } of opened) {
      this.#books.asked.delete(input.id);
      const [base, times] = splitTimes(input.id);
      if (times > 1) this.#books.counts!.set(base, times - 1);
      else this.#books.counts?.delete(base);
    }
    for (const { question } of closed) question.closing = undefined;
  }

  /** Is it asked, as far as commits go? Not one of an effect that a turn of the very same commit has closed. */
  isKnown(id: string): boolean {
    return this.#kept?.asked.has(id) ?? false;
  }

  /** A change was committed. */
  committed(change: Change): void {
    for (const { question } of change.closed) this.#books.asked.delete(question.input.id);
    for (const question of change.opened) question.isCommitted = true;
    this.owner.context.questionsChanged(change);
  }

  // --- Questions of effects

  /** The question that is open for an effect itself. */
  ofEffect(key: string, path: string): string | undefined {
    for (const { input, asker, closing } of this.#books.asked.values())
      if (!closing && asker.effect?.key === key && input.actor === path) return input.id;
    return undefined;
  }

  /** A question of an effect's code, which no turn opens. To be written with `writes`, and told by `committed`. */
  openForEffect(asker: Asker, question: InputQuestion & { schema?: StandardSchema }, name?: string): Change {
    const opened = this.#make(asker, question, question.schema, name);
    this.#books.asked.set(opened.input.id, opened);
    return { opened: [opened], closed: [] };
  }

  /** Closes a question that no turn closes. */
  closeForEffect(question: OpenQuestion, record: AnswerRecord): Change {
    const closed = { question, record };
    this.#noteClosed(closed);
    return { opened: [], closed: [closed] };
  }

  // --- Restoring

  /** Goes on from what was read. */
  continueFrom(
    stored: readonly DecodedQuestion[],
    counts: Iterable<readonly [id: string, times: number]>,
  ): void {
    const { root } = this.owner.host;
    for (const [id, times] of counts) (this.#books.counts ??= new Map()).set(id, times);
    for (const { input, body } of stored) {
      (this.#books.counts ??= new Map()).set(...splitTimes(input.id));
      // What the code of an effect asks is found by the effect, when it comes to it again.
      const actor = actorAt(root, input.actor);
      const asking = actor && askingOf(actor).find(({ state }) => state === input.state);
      const fallback = 'default' in body ? { value: body.default } : undefined;
      const question: OpenQuestion | undefined =
        body.effect !== undefined
          ? {
              input,
              asker: this.#interruptedAsker(input, body.effect),
              schema: undefined,
              fallback,
              isCommitted: true,
              closing: undefined,
            }
          : asking && {
              input,
              asker: asking,
              schema: asking.schema,
              fallback,
              isCommitted: true,
              closing: undefined,
            };
      if (!question) {
        this.#books.orphans.push(input);
        continue;
      }
      this.#books.asked.set(input.id, question);
    }
  }

  #interruptedAsker({ actor: path, state, event, accepts }: PendingInput, key: string): Asker {
    const { root } = this.owner.host;
    const found =
      actorAt(root, path) ?? actorAt(root, path.slice(0, Math.max(0, path.lastIndexOf('/')))) ?? root;
    return {
      actor: found,
      path: actorPath(found),
      state,
      event,
      accepts,
      effect: { key },
    };
  }

  /** Is it one whose code has not come to it again? */
  isDetached({ asker }: OpenQuestion): boolean {
    return asker.effect !== undefined && asker.effect.answered === undefined;
  }

  /** Resolves when the code has come to it, or it is closed. */
  attached(id: string): Promise<void> {
    return new Promise((resolve) => {
      this.#books.attaching = [...this.#books.attaching, { id, resolve }];
    });
  }

  #nowAttached(id: string): void {
    for (const one of this.#kept?.attaching ?? []) if (one.id === id) one.resolve();
    this.#books.attaching = this.#books.attaching.filter((one) => one.id !== id);
  }

  /** The run is let go of: nobody comes to anything any more. */
  close(): void {
    for (const one of this.#kept?.attaching ?? []) one.resolve();
  }

  /** An effect has come to a question that was opened before it was cut off. */
  attach(id: string, asker: Asker, schema: StandardSchema | undefined): OpenQuestion | undefined {
    const question = this.find(id);
    if (!question) return undefined;
    const attached: OpenQuestion = { ...question, asker, schema, isCommitted: true };
    this.#books.asked.set(id, attached);
    this.#nowAttached(id);
    return attached;
  }

  /**
   * What restored actors ask that no question is stored for, as their definition did not ask it before; and questions
   * that nobody asks any more, as the run was taken up again from an earlier checkpoint, or moved to another definition.
   */
  restored(): Change | undefined {
    const { host, context } = this.owner;
    let change: Change | undefined;
    if (this.#kept && this.#kept.orphans.length > 0) {
      const record: AnswerRecord = { status: 'withdrawn', at: context.clock.now() };
      const asker: Asker = {
        actor: host.root,
        path: '',
        state: undefined,
        event: undefined,
        accepts: undefined,
      };
      const closed = this.#books.orphans.map((input) => ({
        question: {
          input,
          asker,
          schema: undefined,
          fallback: undefined,
          isCommitted: true,
          closing: record,
        },
        record,
      }));
      change = { opened: [], closed };
      this.#books.orphans = [];
    }
    if (!host.isActive) return change;
    for (const actor of actorsOf(this.owner.host.root))
      change = this.#openAll(askingOf(actor), undefined, change);
    return change;
  }
}
