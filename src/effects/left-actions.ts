/** The custom actions that a process which is gone left in the outbox: those that are run again, and those that cannot be. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import { decodeRows } from '../checkpoint/decode-rows.ts';
import { decodeText } from '../checkpoint/text.ts';
import type { Row, Store } from '../store.ts';
import type { Writes } from '../turns/writes.ts';
import type { Host } from '../xstate/host.ts';
import { contextOf } from '../xstate/asking.ts';
import { lostActor, machineOf, snapshotAt } from '../xstate/lost-actor.ts';
import { actorAt } from '../xstate/actor-path.ts';
import { actionId, REPORTED, seqOf } from './outbox-key.ts';
import type { OutboxItem, StoredAction } from './outbox.ts';
import { LETTER, type Letter } from './send-to-run.ts';

/** The run whose outbox it is. */
export interface LeftActionsOwner {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly host: Host;
  readonly context: {
    readonly store: Store;
    readonly inline: Codec;
    readonly codec: Codec;
    readonly logger: (...args: unknown[]) => void;
    post(run: string, event: AnyEventObject, id: string): Promise<unknown>;
  };
}

export interface LeftActions {
  /** In order. To be called when the actors are restored, and before any turn: some need the context of then. */
  readonly items: readonly (() => OutboxItem)[];
  /** Takes the inline ones out of the outbox. */
  readonly writes: Writes | undefined;
}

/** Reads them; `newest` is the seq of the newest checkpoint. Inline ones are reported to the logger. */
export async function leftActions(owner: LeftActionsOwner, newest: number): Promise<LeftActions> {
  const { id: run, context } = owner;
  const rows = (await context.store.rows(run, 'outbox', {})).filter(({ key }) => !key.startsWith(REPORTED));
  const items: (() => OutboxItem)[] = [];
  const inline: (readonly [string, Row['value']])[] = [];
  const snapshots = new Map<number, unknown>([[newest, undefined]]);
  for (const { key, value } of rows) {
    const action = (await decodeText(context.inline, value as string)) as StoredAction;
    if (action.event === undefined) inline.push([key, value]);
    else items.push(await itemOf(owner, key, action, snapshots));
  }
  for (const [key, value] of inline) {
    const { type } = JSON.parse(value as string) as StoredAction;
    context.logger(
      `The inline action '${type}' of turn ${seqOf(key)} of run '${run}' may not have run: its process ended. ` +
        `Name it in setup({ actions }), and it runs again.`,
    );
  }
  const writes = inline.length > 0 && {
    drop: inline.map(([key]) => ({ kind: 'outbox', key }) as const),
    put: inline.map(([key, value]) => ({ kind: 'outbox', key: REPORTED + key, value }) as const),
  };
  return { items, writes: writes || undefined };
}

async function itemOf(
  owner: LeftActionsOwner,
  key: string,
  action: StoredAction,
  snapshots: Map<number, unknown>,
): Promise<() => OutboxItem> {
  const { id: run, host, context } = owner;
  const effectId = actionId(run, action.actor, key);
  const fail = (error: unknown): void => {
    const actor = actorAt(host.root, action.actor);
    if (actor) host.fail(actor, error);
    else context.logger(error);
  };
  if (action.type === LETTER) {
    const { run: to, event } = action.params as Letter;
    return () => ({ key, effectId, attempt: 2, fail, run: () => context.post(to, event, effectId) });
  }
  const before = action.context ?? (await contextAt(owner, seqOf(key), action.actor, snapshots));
  const act = (of: unknown): unknown => {
    const machine = machineOf(owner.machine, host.root, action);
    const exec = machine?.implementations.actions[action.type];
    if (typeof exec !== 'function') {
      const message = `The action '${action.type}' of run '${run}' is left to run, and its machine no longer has it.`;
      return context.logger(message);
    }
    const self = actorAt(host.root, action.actor) ?? lostActor(action.actor, host.root);
    const args = {
      context: of,
      event: action.event,
      self,
      system: self.system,
    };
    return (exec as (args: unknown, params: unknown) => unknown)(args, action.params);
  };
  return () => {
    const of = before ?? contextOf(actorAt(host.root, action.actor) ?? lostActor(action.actor, host.root));
    return { key, effectId, attempt: 2, fail, run: () => act(of) };
  };
}

/** The context of an actor at a turn, where its checkpoint is kept and is not the newest one. */
async function contextAt(
  { id: run, context }: LeftActionsOwner,
  seq: number,
  actor: string,
  snapshots: Map<number, unknown>,
): Promise<unknown> {
  if (!snapshots.has(seq)) {
    const rows = await context.store.load(run, seq);
    const isThere = rows.at(-1)?.seq === seq;
    const decoded = isThere ? await decodeRows(run, rows, context.codec.types, context.store) : undefined;
    snapshots.set(seq, decoded?.document.snapshot);
  }
  return snapshotAt(snapshots.get(seq), actor)?.context;
}
