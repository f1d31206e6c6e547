/** The journal of an effect of a run: rows beside the run's checkpoints. */
import type { Codec } from '../checkpoint/codec.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import type { Row, Store } from '../store.ts';
import { actorPath } from '../xstate/actor-path.ts';
import type { Clock } from '../xstate/delays.ts';
import type { Effect } from '../xstate/effect.ts';
import type { Journal, Named, StepQuestion, Written } from './journal.ts';
import { readStamped, stamped } from './stamp.ts';

/** The run that the effect belongs to. */
export interface JournalOwner {
  readonly id: string;
  readonly context: {
    readonly store: Store;
    readonly inline: Codec;
    readonly clock: Clock;
  };
  /** Only the newest checkpoint is to be readable: nothing will go back to before the effect's outcome. */
  readonly replace: boolean;
  /** The seq that the next turn will have. */
  readonly nextSeq: number;
  /** Writes a row that changes nothing of what the run is doing. */
  keep(row: Row, waiter: Written): void;
  mayAct(): boolean | Promise<boolean>;
  /** While the run is paused: resolves when it goes on. */
  readonly goesOn: Promise<void> | undefined;
  /** An effect waits, or works again: that may make another status. */
  parked(): void;
}

/** Who asks on behalf of effects. */
interface Asks {
  ask(effect: Effect, request: StepQuestion): Promise<unknown>;
}

/** Where a step is. Only what cannot be stored is asked for it. */
class StepPlace {
  constructor(
    private readonly effect: Effect,
    private readonly step: Named,
  ) {}

  get actor(): string {
    return actorPath(this.effect.actor);
  }

  get path(): string {
    return this.step.path;
  }
}

class StepRow implements Row {
  readonly kind = 'step';

  constructor(
    readonly key: string,
    readonly value: string,
  ) {}
}

export const runJournal = (owner: JournalOwner, questions: Asks, effect: Effect): Journal =>
  new RunJournal(owner, questions, effect);

// A class: an object with a getter of its own is a slow one, and each step asks it.
class RunJournal implements Journal {
  readonly effectId: string;
  readonly attempt: number;
  readonly fence: number;
  /** The beginning of its rows' keys. */
  readonly #prefix: string;

  constructor(
    private readonly owner: JournalOwner,
    private readonly questions: Asks,
    private readonly effect: Effect,
  ) {
    const { effectId, attempt, fence } = effect.identity;
    this.effectId = effectId;
    this.attempt = attempt;
    this.fence = fence;
    this.#prefix = `${effect.key}/`;
  }

  get clock(): Clock {
    return this.owner.context.clock;
  }

  mayAct(): boolean | Promise<boolean> {
    return this.owner.mayAct();
  }

  get paused(): Promise<void> | undefined {
    return this.owner.goesOn;
  }

  read(): Promise<ReadonlyMap<string, string>> | undefined {
    // What is started for the first time has nothing in its journal.
    return this.attempt === 1 ? undefined : this.#read();
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const prefix = this.#prefix;
    const { id, context } = this.owner;
    const rows = await context.store.rows(id, 'step', { prefix });
    for (const row of rows) this.#note(row.key);
    return new Map(
      rows.map(({ key, value }) => [key.slice(prefix.length), readStamped(value as string).entry]),
    );
  }

  write(name: string, entry: string, waiter: Written): void {
    const key = this.#prefix + name;
    this.#note(key);
    const value = stamped(this.owner.nextSeq - 1, this.effect.born, entry);
    this.owner.keep(new StepRow(key, value), waiter);
  }

  #note(rowKey: string): void {
    if (this.owner.replace) (this.effect.journaled ??= new Set()).add(rowKey);
  }

  encode(value: unknown, step: Named): string {
    return encodeText(this.owner.context.inline, value, new StepPlace(this.effect, step));
  }

  decode(text: string): Promise<unknown> {
    return decodeText(this.owner.context.inline, text);
  }

  ask(request: StepQuestion): Promise<unknown> {
    return this.questions.ask(this.effect, request);
  }

  park(until: number | undefined): void {
    if (this.effect.parkedUntil === until) return;
    this.effect.parkedUntil = until;
    this.owner.parked();
  }
}
