/**
 * What a run has beside its turns: the outbox of its custom actions, the journals of its effects, its questions and their
 * answers, and its inbox. Loaded with the first run of a runtime.
 */
import { EffectQuestions } from './effects/effect-questions.ts';
import type { Journal } from './effects/journal.ts';
import { leftActions, type LeftActions } from './effects/left-actions.ts';
import { Outbox } from './effects/outbox.ts';
import { policyOf } from './effects/policy.ts';
import { runJournal } from './effects/run-journal.ts';
import { InterruptedError } from './errors.ts';
import { Inbox } from './inbox.ts';
import { Answers } from './input/answers.ts';
import { questionId } from './input/ids.ts';
import { decodeQuestion } from './input/pending-input.ts';
import { Questions } from './input/questions.ts';
import { aside } from './input/records.ts';
import type { RunCore } from './run-core.ts';
import type { StoredQuestion } from './store.ts';
import { mergeWrites, type Writes } from './writes.ts';
import { actorPath } from './xstate/actor-path.ts';
import type { Effect } from './xstate/effect.ts';

const PAGE = 200;

export class Desk {
  readonly outbox: Outbox;
  readonly questions: Questions;
  readonly answers: Answers;
  readonly inbox: Inbox;
  readonly #effectQuestions: EffectQuestions;
  readonly #core: RunCore;
  #left: LeftActions | undefined;

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

  /** Reads what is stored beside the checkpoints. What it gives is to be written before anything goes on. */
  async continueFrom(): Promise<Writes | undefined> {
    const { id: run, context, host } = this.#core;
    const { store, inline } = context;
    const [stored, counts, early, left] = await Promise.all([
      this.#storedQuestions(),
      store.rows(run, 'asked', {}),
      store.rows(run, 'answer', {
        prefix: aside(questionId({ run, actor: 'any' }).slice(0, -'/any'.length)),
      }),
      leftActions(this.#core),
    ]);
    const questions = await Promise.all(stored.map((question) => decodeQuestion(question, inline)));
    this.questions.continueFrom(
      questions,
      counts.map(({ key, value }) => [key, Number(value)] as const),
    );
    await this.answers.continueFrom(early);
    this.#left = left;
    const parts: Writes[] = [];
    if (left.writes) parts.push(left.writes);
    const change = host.isActive ? this.questions.openMissing() : undefined;
    if (change) {
      parts.push(this.questions.writes(change, undefined, this.#core.seq));
      this.questions.committed(change);
    }
    return parts.length > 0 ? mergeWrites(parts) : undefined;
  }

  async #storedQuestions(): Promise<StoredQuestion[]> {
    const { id: run, context } = this.#core;
    const all: StoredQuestion[] = [];
    for (;;) {
      const page = await context.store.questions({ run, after: all.at(-1), limit: PAGE });
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  }

  /** What was written by `continueFrom()` is durable: what a process that is gone left is done now. */
  resumed(): void {
    this.outbox.replay(this.#left?.items ?? []);
    this.#left = undefined;
    this.answers.deliverEarly();
  }

  /** The run is let go of. */
  close(): void {
    this.outbox.close();
    this.#effectQuestions.close();
  }
}
