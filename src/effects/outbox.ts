/**
 * The custom actions of turns that were committed and may not have run.
 *
 * Each is a row that is written with its turn and goes with a later commit. They run in order, one after the other: a
 * promise that one returns is waited for, so that what a crash cuts off is never behind something that was done.
 */
import type { AnyEventObject } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import type { Where } from '../checkpoint/inspect.ts';
import { encodeText } from '../checkpoint/text.ts';
import { NotSerializableError } from '../errors.ts';
import type { Row } from '../store.ts';
import { actorPath } from '../xstate/actor-path.ts';
import type { Held, HeldAction, Turn } from '../xstate/turn.ts';
import { contextOf, sourcesOf } from '../xstate/asking.ts';
import { runFor } from './ambient.ts';
import { actionId, rowKey } from './outbox-key.ts';
import { LETTER, type Letter } from './send-to-run.ts';

/** A row of the outbox, decoded. */
export interface StoredAction {
  /** The path of the actor whose action it is. */
  readonly actor: string;
  readonly type: string;
  /** The names by which its logic is found, where it is not the root. */
  readonly sources?: readonly string[];
  /** Not there for an inline action, which cannot be found again. */
  readonly event?: AnyEventObject;
  readonly params?: unknown;
  /** The actor's context, where the turn's checkpoint may not be kept. */
  readonly context?: unknown;
}

/** An action that is to run. */
export interface OutboxItem {
  readonly key: string;
  readonly effectId: string;
  readonly attempt: number;
  readonly run: () => unknown;
  /** Its actor fails with what it throws. */
  readonly fail: (error: unknown) => void;
}

/** The run whose outbox it is. */
export interface OutboxOwner {
  readonly id: string;
  readonly fence: number;
  /** Are old checkpoints to be kept, each turn's? */
  readonly keepsEach: boolean;
  readonly context: {
    readonly inline: Codec;
    readonly logger: (...args: unknown[]) => void;
    post(run: string, event: AnyEventObject, id: string): Promise<unknown>;
  };
  /** An action is done: its row is to go, with the next commit or one of its own. */
  actionDone(): void;
}

export class Outbox {
  // Most runs have no custom action, and there may be many runs: nothing is made before the first.
  /** What was written and is not done. */
  #keys: Map<HeldAction | OutboxItem, string> | undefined;
  /** Behind a promise. */
  #queue: (OutboxItem & { readonly action: HeldAction | OutboxItem })[] | undefined;
  #isWaiting = false;
  #isHeld = false;
  #done: string[] | undefined;

  constructor(private readonly owner: OutboxOwner) {}

  /** Is there an action that is not done? */
  get isBusy(): boolean {
    return this.#keys !== undefined && this.#keys.size > 0;
  }

  /** Is there one that has begun, and is not done? */
  get isActing(): boolean {
    return this.#isWaiting;
  }

  /** No action begins until `goOn()`. */
  hold(): void {
    this.#isHeld = true;
  }

  goOn(): void {
    this.#isHeld = false;
    if (!this.#isWaiting) this.#next();
  }

  /** Are there rows in the store that are to go? */
  get hasDone(): boolean {
    return this.#done !== undefined;
  }

  /** The rows of a turn that ended. Throws `NotSerializableError`. */
  rows(turn: Turn, seq: number): Row[] {
    const rows = turn.actions.map((action, index): Row => {
      const value = this.#encode(action);
      return { kind: 'outbox', key: rowKey(seq, index), value };
    });
    const keys = (this.#keys ??= new Map());
    turn.actions.forEach((action, index) => keys.set(action, rows[index]!.key));
    return rows;
  }

  #encode({ actor, type, isNamed, event, params }: HeldAction): string {
    const { inline } = this.owner.context;
    const path = actorPath(actor);
    if (!isNamed) return JSON.stringify({ actor: path, type } satisfies StoredAction);
    const context = this.owner.keepsEach ? undefined : contextOf(actor);
    const where: Where = { actor: path, path: `action('${type}')`, reference: () => {} };
    const stored: StoredAction = {
      actor: path,
      type,
      ...(path !== '' && { sources: sourcesOf(actor) }),
      event: storableEvent(inline, event, where),
      ...(params !== undefined && { params }),
      ...(context !== undefined && { context }),
    };
    return encodeText(inline, stored, where);
  }

  /** A turn was taken back: its actions never were, and what it took away is still there. */
  rewind(turn: Turn, dropped: readonly Pick<Row, 'kind' | 'key'>[] | undefined): void {
    for (const action of turn.actions) this.#keys?.delete(action);
    if (dropped) this.giveBack(dropped);
  }

  /** Rows that were to go are still there. */
  giveBack(dropped: readonly Pick<Row, 'kind' | 'key'>[]): void {
    const keys = dropped.filter(({ kind }) => kind === 'outbox').map(({ key }) => key);
    if (keys.length === 0) return;
    (this.#done ??= []).push(...keys);
    this.owner.actionDone();
  }

  /** Runs an action whose turn is let out, now or when those before it are done. Throws what it throws, where it is now. */
  act({ action, run }: Held & { readonly action: HeldAction }, fail: (error: unknown) => void): void {
    const key = this.#keys?.get(action);
    if (key === undefined) return void run();
    const { id, context } = this.owner;
    const effectId = actionId(id, actorPath(action.actor), key);
    const { run: to, event } = (action.params ?? {}) as Letter;
    const send = (): unknown => context.post(to, event, effectId);
    const does = action.type === LETTER ? send : run;
    this.#perform({ action, key, effectId, attempt: 1, run: does, fail });
  }

  /** An action that does not run any more, as one before it threw. */
  skip({ action }: Held): void {
    if (action && this.#keys?.has(action)) this.#finish(action);
  }

  /** What a process that is gone left, in order. */
  replay(items: readonly OutboxItem[]): void {
    if (items.length === 0) return;
    const keys = (this.#keys ??= new Map());
    for (const item of items) keys.set(item, item.key);
    for (const item of items)
      try {
        this.#perform({ ...item, action: item });
      } catch (error) {
        item.fail(error);
      }
  }

  #perform(item: OutboxItem & { readonly action: HeldAction | OutboxItem }): void {
    if (this.#isWaiting || this.#isHeld) return void (this.#queue ??= []).push(item);
    let result: unknown;
    try {
      const { effectId, attempt, run } = item;
      result = runFor({ effectId, attempt, fence: this.owner.fence }, run);
    } catch (error) {
      this.#finish(item.action);
      throw error;
    }
    if (!isThenable(result)) return this.#finish(item.action);
    this.#isWaiting = true;
    const settled = (): void => {
      this.#isWaiting = false;
      this.#finish(item.action);
      this.#next();
    };
    result.then(settled, (error: unknown) => {
      this.owner.context.logger(`The action '${item.effectId}' rejected.`, error);
      settled();
    });
  }

  #next(): void {
    if (this.#isHeld) return;
    const queue = this.#queue ?? [];
    for (let item = queue.shift(); item; item = this.#isWaiting ? undefined : queue.shift()) {
      try {
        this.#perform(item);
      } catch (error) {
        item.fail(error);
      }
    }
  }

  #finish(action: HeldAction | OutboxItem): void {
    const key = this.#keys?.get(action);
    if (key === undefined) return;
    this.#keys!.delete(action);
    (this.#done ??= []).push(key);
    this.owner.actionDone();
  }

  /** The rows that are to go with the commit that is being made. */
  takeDone(): Pick<Row, 'kind' | 'key'>[] {
    const done = this.#done ?? [];
    this.#done = undefined;
    return done.map((key) => ({ kind: 'outbox', key }));
  }

  /** The run is let go of: what waits behind a promise runs when it is opened again. */
  close(): void {
    this.#queue = undefined;
  }
}

/** XState's own events carry live snapshots, and a user's may carry a callback: those of their properties that can be kept. */
function storableEvent(codec: Codec, event: AnyEventObject, where: Where): AnyEventObject {
  const isStorable = (value: unknown): boolean => {
    try {
      codec.inspect(value, where);
      return true;
    } catch (error) {
      if (error instanceof NotSerializableError) return false;
      throw error;
    }
  };
  if (isStorable(event)) return event;
  const kept = Object.entries(event).filter(([, value]) => isStorable(value));
  return Object.fromEntries(kept) as AnyEventObject;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
