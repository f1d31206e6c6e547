/**
 * What a run has beside its turns: the outbox of its custom actions, the journals of its effects, its questions and their
 * answers, and its inbox. Loaded with the first run of a runtime.
 */
import { EffectQuestions } from '../effects/effect-questions.ts';
import type { Journal } from '../effects/journal.ts';
import { leftActions, type LeftActions } from '../effects/left-actions.ts';
import { Outbox, type OutboxItem } from '../effects/outbox.ts';
import { policyOf } from '../effects/policy.ts';
import { runJournal } from '../effects/run-journal.ts';
import { InterruptedError } from '../errors.ts';
import { Inbox } from '../inbox/inbox.ts';
import { Answers } from '../input/answers.ts';
import { questionId } from '../input/ids.ts';
import { readQuestions } from '../input/list-inputs.ts';
import type { DecodedQuestion } from '../input/pending-input.ts';
import { Questions, type Change } from '../input/questions.ts';
import { aside, decodeRecord, type AnswerRecord } from '../input/records.ts';
import { mergeWrites, type Writes } from '../turns/writes.ts';
import { actorPath } from '../xstate/actor-path.ts';
import type { Effect } from '../xstate/effect.ts';
import type { RunCore } from './run-core.ts';

/** What is stored beside the checkpoints. */
export interface StoredDesk {
  readonly questions: readonly DecodedQuestion[];
  /** How often each question was opened. */
  readonly counts: readonly (readonly [id: string, times: number])[];
  /** Answers that were kept aside, in the order in which they came. */
  readonly early: readonly (readonly [key: string, record: AnswerRecord])[];
  readonly left: LeftActions;
}

export class Desk {
  readonly outbox: Outbox;
  readonly questions: Questions;
  readonly answers: Answers;
  readonly inbox: Inbox;
  readonly #effectQuestions: EffectQuestions;
  readonly #core: RunCore;
  #left: readonly OutboxItem[] = [];

  constructor(core: RunCore) {
    this.#core = core;
    this.outbox = new Outbox(core);
    this.questions = new Questions(core);
    this.#effectQuestions = new EffectQuestions(core, this.questions);
    this.answers = new Answers(core, this.questions, this.#effectQuestions);
    this.inbox = new Inbox(core, this.answers);
  }

  // --- Effects

  journalOf(effect: Effect): Journal {
    return runJournal(this.#core, this.#effectQuestions, effect);
  }

  /** An effect that was cut off: it is started, fails, or somebody is asked. `waited`: it did nothing but wait. */
  interrupted(effect: Effect, waited: boolean, start: () => void): void {
    const policy = policyOf(effect.source);
    const isAsked = this.questions.ofEffect(effect.key, actorPath(effect.actor)) !== undefined;
    if (policy === 'rerun' || (waited && !isAsked)) start();
    else if (policy === 'ask') this.#effectQuestions.askAfterInterrupt(effect, start);
    else this.#core.host.fail(effect.actor, new InterruptedError(effect.identity.effectId));
  }

  // --- Going on from what was stored

  /** Reads what is stored beside the checkpoints, the newest of which is `seq`. Before the actors are restored. */
  async read(seq: number): Promise<StoredDesk> {
    const { id: run, context } = this.#core;
    const { store, inline } = context;
    const ofRun = questionId({ run, actor: 'any' }).slice(0, -'/any'.length);
    const [questions, counts, early, left] = await Promise.all([
      readQuestions(context, run),
      store.rows(run, 'asked', {}),
      store.rows(run, 'answer', { prefix: aside(ofRun) }),
      leftActions(this.#core, seq),
    ]);
    return {
      questions,
      counts: counts.map(({ key, value }) => [key, Number(value)]),
      early: await Promise.all(early.map(async (row) => [row.key, await decodeRecord(inline, row)] as const)),
      left,
    };
  }

  /** Goes on from what was read, with restored actors. What it gives is to be written before anything else happens. */
  continueFrom({ questions, counts, early, left }: StoredDesk): Writes | undefined {
    this.questions.continueFrom(questions, counts);
    this.answers.continueFrom(early);
    this.#left = left.items.map((restored) => restored());
    const change = this.questions.restored();
    const parts = [left.writes, change && this.questions.writes(change, undefined, this.#core.seq)];
    if (change) this.questions.committed(change);
    const given = parts.filter((part) => part !== undefined);
    return given.length > 0 ? mergeWrites(given) : undefined;
  }

  /** What `continueFrom()` gave is durable: what a process that is gone left is done now. */
  resumed(): void {
    this.outbox.replay(this.#left);
    this.#left = [];
    this.answers.deliverEarly();
  }

  /** The run goes on after a pause. */
  goOn(): void {
    this.answers.deliverEarly();
    void this.expireDue(Infinity);
  }

  /** Ends the questions of effects whose deadline passed while the run was paused, by a time. */
  expireDue(time: number): Promise<void> {
    return this.#effectQuestions.expireDue(time);
  }

  /** A turn's share in the questions was committed. */
  committed(change: Change): void {
    this.questions.committed(change);
    this.#effectQuestions.stopAlarms(change);
  }

  /** The run is let go of. */
  close(): void {
    this.outbox.close();
    this.#effectQuestions.close();
    this.questions.close();
  }
}
