/** The journal of an effect of a run: rows beside the run's checkpoints. */
import type { Codec } from '../checkpoint/codec.ts';
import { decodeText, encodeText } from '../checkpoint/text.ts';
import type { Store } from '../store.ts';
import type { Writes } from '../turns/writes.ts';
import { actorPath } from '../xstate/actor-path.ts';
import type { Clock } from '../xstate/delays.ts';
import type { Effect } from '../xstate/effect.ts';
import type { Journal, Named, StepQuestion } from './journal.ts';
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
  /** Writes rows that change nothing of what the run is doing. Resolves when they are durable. */
  keep(writes: Writes): Promise<unknown>;
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

export function runJournal(owner: JournalOwner, questions: Asks, effect: Effect): Journal {
  const { id: run, context } = owner;
  const { effectId, attempt, fence } = effect.identity;
  const { key } = effect;
  const { clock, inline, store } = context;
  const note = (rowKey: string): void => {
    if (owner.replace) (effect.journaled ??= new Set()).add(rowKey);
  };
  return {
    effectId,
    attempt,
    fence,
    clock,
    mayAct: () => owner.mayAct(),
    get paused() {
      return owner.goesOn;
    },
    async read() {
      // What is started for the first time has nothing in its journal.
      if (attempt === 1) return new Map();
      const rows = await store.rows(run, 'step', { prefix: `${key}/` });
      for (const row of rows) note(row.key);
      return new Map(
        rows.map(({ key: name, value }) => [name.slice(key.length + 1), readStamped(value as string).entry]),
      );
    },
    write(name, entry) {
      const rowKey = `${key}/${name}`;
      note(rowKey);
      const value = stamped(owner.nextSeq - 1, effect.born, entry);
      return owner.keep({ put: [{ kind: 'step', key: rowKey, value }] });
    },
    encode: (value, step) => encodeText(inline, value, new StepPlace(effect, step)),
    decode: (text) => decodeText(inline, text),
    ask: (request) => questions.ask(effect, request),
    park(until) {
      if (effect.parkedUntil === until) return;
      effect.parkedUntil = until;
      owner.parked();
    },
  };
}
