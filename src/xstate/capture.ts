/**
 * What is stored of an actor system: the document, and what a turn changed in it.
 *
 * The document has XState's persisted snapshot under `snapshot`, and the pending delays. It is made
 * from the live snapshots, because XState's `getPersistedSnapshot` walks the whole context each time:
 * a turn's share is found by comparing each actor that it touched with what was noted before, which
 * stops where the two are identical.
 */
import { defined } from '../defined.ts';
import { NotRestorableError, NotSerializableError } from '../errors.ts';
import type { Codec } from '../checkpoint/codec.ts';
import type { Where } from '../checkpoint/inspect.ts';
import { diff, type Key, type Patch } from '../checkpoint/delta.ts';
import { actorPath, childOf, isInTree } from './actor-path.ts';
import { adopted } from './adopted.ts';
import type { Delay } from './delays.ts';
import type { Host } from './host.ts';
import {
  isMachineSnapshot,
  isReference,
  RUNNING,
  STOPPED,
  type LiveActor,
  type LiveMachineSnapshot,
  type LiveSnapshot,
} from './insider.ts';
import { isSameOrder, nodeOrder } from './node-order.ts';
import type { Turn } from './turn.ts';

/** A pending delay, as it is stored. */
export interface StoredDelay {
  /** The path of the actor that set it, `''` for the root. */
  readonly source: string;
  /** The path of the actor that it goes to. */
  readonly target: string;
  readonly event: { readonly type: string };
  /** As it was set, in milliseconds. */
  readonly delay: number;
  /** By which `cancel` finds it. For an `after`, the type of its event. */
  readonly id: string;
  /** When it is due, by the clock, in milliseconds. */
  readonly due: number;
}

/** All that is stored of an actor system. */
export interface Document {
  readonly snapshot: unknown;
  readonly delays: Readonly<Record<string, StoredDelay>>;
}

/** Captures for one run. Tells after each call whether what it gave holds rich values. */
export class Capture implements Where {
  /** Does what was captured last need the codec, or is `JSON.stringify` enough? */
  rich = false;
  // As where the codec looks: without a path, which is only made when something is wrong.
  readonly actor = '';
  readonly path = '';
  #inspected!: LiveActor;
  #at: readonly Key[] = [];
  #above = 0;
  #index: number | undefined;

  constructor(
    private readonly host: Host,
    private readonly codec: Codec,
  ) {}

  /**
   * The whole document.
   *
   * @throws {NotSerializableError}
   * @throws {NotRestorableError}
   */
  document(): Document {
    this.rich = false;
    const delays: Record<string, StoredDelay> = {};
    for (const delay of this.host.delays.all()) delays[delay.key] = this.#delay(delay);
    return { snapshot: this.#snapshot(this.host.root), delays };
  }

  /** Looks at the actors of a turn before it is captured. Throws `NotRestorableError`. */
  check(turn: Turn): void {
    this.host.dropDelaysOfTheGone(turn);
    for (const actor of turn.born) this.#checkReach(actor);
  }

  /** What a turn changed. Throws as `document` does. */
  changes(turn: Turn): Patch[] {
    this.rich = false;
    const patches: Patch[] = [];
    for (const { actor, snapshot } of turn.notes)
      if (actor._snapshot !== snapshot && adopted(actor).bornIn !== turn && isInTree(actor))
        this.#changesOf(actor, snapshot, patches);
    for (const delay of turn.removed)
      if (!turn.added.includes(delay)) patches.push([['delays', String(delay.key)]]);
    this.#delays(turn.added, patches);
    return patches;
  }

  /** Delays that an opening moved are told with the next turn, but make none. */
  addMoved(patches: Patch[]): void {
    this.#delays(this.host.moved, patches);
  }

  #delays(delays: readonly Delay[], patches: Patch[]): void {
    for (const delay of delays)
      if (this.host.delays.has(delay)) patches.push([['delays', String(delay.key)], this.#delay(delay)]);
  }

  // --- One actor

  #changesOf(actor: LiveActor, before: LiveSnapshot, patches: Patch[]): void {
    const after = actor._snapshot;
    const path = documentPath(actor);
    if (!isMachineSnapshot(after) || !isMachineSnapshot(before)) {
      this.#diff(actor, persisted(actor, before), persisted(actor, after), path, patches);
      return;
    }
    if (after._nodes !== before._nodes) {
      if (!isSameText(after.value, before.value)) patches.push([[...path, 'value'], after.value]);
      const order = nodeOrder(after);
      if (!isSameOrder(order, nodeOrder(before)))
        patches.push(order ? [[...path, 'order'], order] : [[...path, 'order']]);
    }
    if (after.historyValue !== before.historyValue)
      patches.push([[...path, 'historyValue'], historyOf(after)]);
    if (after.children !== before.children) this.#children(actor, before, after, path, patches);
    if (after.status !== before.status) patches.push([[...path, 'status'], after.status]);
    for (const field of ['output', 'error', 'context'] as const) {
      if (after[field] === before[field]) continue;
      if (after[field] === undefined) patches.push([[...path, field]]);
      else this.#diff(actor, before[field], after[field], [...path, field], patches, path.length);
    }
  }

  /** `above`: how much of `path` leads to the actor's snapshot. */
  #diff(
    actor: LiveActor,
    before: unknown,
    after: unknown,
    path: readonly Key[],
    patches: Patch[],
    above: number = path.length,
  ): void {
    diff(before, after, path, (patch) => {
      if (patch.length === 2) this.#inspect(actor, patch[1], patch[0], above);
      else if (patch.length === 4) this.#inspect(actor, patch[3], patch[0], above, patch[1]);
      patches.push(patch);
    });
  }

  #children(
    actor: LiveActor,
    before: LiveMachineSnapshot,
    after: LiveMachineSnapshot,
    path: readonly Key[],
    patches: Patch[],
  ): void {
    for (const id in before.children) {
      const child = before.children[id];
      const now = after.children[id];
      if (now === child || child === undefined) continue;
      if (now !== undefined && child._processingStatus !== STOPPED)
        throw new NotRestorableError(
          actorPath(now),
          `an actor with the id '${id}' was still running when this one was spawned. Stop the other one first, or give each its own id.`,
        );
      // At its end XState stops its children itself, and nobody sends to them any more.
      if (adopted(actor).mayRefer && after.status === 'active') refuseStale(actor, child, after.context);
      if (now === undefined) patches.push([[...path, 'children', id]]);
    }
    for (const id in after.children) {
      const child = after.children[id];
      if (child !== undefined && child !== before.children[id])
        patches.push([[...path, 'children', id], this.#child(id, child)]);
    }
  }

  #child(id: string, child: LiveActor): object {
    refuseUnrestorable(id, child);
    const stored: Record<string, unknown> = { snapshot: this.#snapshot(child), src: child.src };
    const systemId = child.systemId ?? child._systemId;
    if (systemId !== undefined) stored['systemId'] = systemId;
    if (child._syncSnapshot) stored['syncSnapshot'] = true;
    const { effect } = adopted(child);
    if (effect) stored['effect'] = effect.born;
    return stored;
  }

  #snapshot(actor: LiveActor): object {
    const live = actor._snapshot;
    if (!isMachineSnapshot(live)) {
      const values = persisted(actor, live);
      for (const field in values) this.#inspect(actor, values[field], [field]);
      return values;
    }
    const children: Record<string, object> = {};
    for (const id in live.children) {
      const child = live.children[id];
      if (child) children[id] = this.#child(id, child);
      else refuseUnrestorable(id, undefined, actor);
    }
    const { status, value, context, output, error } = live;
    const values: Record<string, unknown> = defined({ context, output, error });
    for (const field in values) this.#inspect(actor, values[field], [field]);
    const order = nodeOrder(live);
    return { status, value, ...(order && { order }), ...values, children, historyValue: historyOf(live) };
  }

  #delay({ source, target, event, delay, id, due, key }: Delay): StoredDelay {
    if (target.system !== source.system)
      throw new NotRestorableError(
        actorPath(source),
        'it sends a delayed event to an actor of another system. Delay the turn that sends it instead.',
      );
    this.#inspect(source, event, ['delays', key, 'event']);
    return { source: actorPath(source), target: actorPath(target), event, delay, id, due };
  }

  // --- Values

  #inspect(actor: LiveActor, value: unknown, path: readonly Key[], above = 0, index?: number): void {
    this.#inspected = actor;
    this.#at = path;
    this.#above = above;
    this.#index = index;
    try {
      if (this.codec.inspect(value, this) === 'rich') this.rich = true;
    } catch (error) {
      if (!(error instanceof NotSerializableError)) throw error;
      throw new NotSerializableError(actorPath(actor), this.#jsonPath(error.path), error.hint);
    }
  }

  /** Called by the codec for each reference to an actor. */
  reference(reference: object, path: string, inside: boolean): void {
    const actor = this.#inspected;
    const { id } = reference as LiveActor;
    const inContext = this.#at[this.#above] === 'context' && adopted(actor).kind === 'machine';
    const why = !inContext
      ? 'only the context of a machine can hold references'
      : inside
        ? 'it is in a Map or a Set; put references into plain objects or arrays'
        : childOf(actor, id) === reference || actor._snapshot.status !== 'active'
          ? undefined
          : 'only references to living children of the same actor come back; send to others with sendTo, or find them by a systemId';
    if (why !== undefined)
      throw new NotRestorableError(
        actorPath(actor),
        `its ${this.#jsonPath(path)} refers to the actor '${id}'; ${why}.`,
      );
    adopted(actor).mayRefer = true;
  }

  /** The path of something below what is being inspected, from the actor's snapshot on. */
  #jsonPath(below: string): string {
    const index = this.#index;
    const path = this.#at
      .slice(this.#above)
      .map((key, at) => (at === 0 ? String(key) : typeof key === 'number' ? `[${key}]` : `.${key}`))
      .join('');
    // The value of a splice is a list of items, the first of which goes to `index`.
    return (
      path +
      (index === undefined
        ? below
        : below.replace(/^\[(\d+)\]/, (_, at: string) => `[${Number(at) + index}]`))
    );
  }

  // --- What XState could not bring back

  #checkReach(actor: LiveActor): void {
    // One that has not been started by now is a child of one that never will be.
    if (actor._processingStatus !== RUNNING) return;
    const parent = actor._parent;
    if (!parent || childOf(parent, actor.id) === actor || parent._processingStatus === STOPPED) return;
    const key = isMachineSnapshot(parent._snapshot)
      ? Object.entries(parent._snapshot.children).find(([, child]) => child === actor)?.[0]
      : undefined;
    if (key !== undefined) refuseUnrestorable(key, actor);
    throw new NotRestorableError(
      actorPath(actor),
      `it runs, but is not among the children of its parent: another actor with the id '${actor.id}' took its place. Give each its own id.`,
    );
  }
}

/** A child that is gone must not be referred to any more: XState would bring `undefined` back. */
function refuseStale(actor: LiveActor, child: LiveActor, context: unknown): void {
  const path = pathTo(context, child, 'context');
  if (path !== undefined)
    throw new NotRestorableError(
      actorPath(actor),
      `its ${path} still refers to the actor '${child.id}', which it no longer has. Clear it with assign() in the same transition.`,
    );
}

function pathTo(value: unknown, wanted: object, path: string): string | undefined {
  if (value === wanted) return path;
  if (typeof value !== 'object' || value === null || isReference(value)) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = pathTo(item, wanted, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refuseUnrestorable(key: string, child: LiveActor | undefined, parent?: LiveActor): void {
  if (!child || typeof child.src !== 'string')
    throw new NotRestorableError(
      child ? actorPath(child) : `${parent ? actorPath(parent) : ''}/${key}`,
      'it was spawned from inline logic, which has no name to be found by again. Name the logic in setup({ actors }) and spawn it by that name.',
    );
  if (key !== child.id || child.id === child.sessionId)
    throw new NotRestorableError(
      actorPath(child),
      `it was spawned without an id. Write spawn('${child.src}', { id: '…' }) or spawnChild('${child.src}', { id: '…' }).`,
    );
}

const isSameText = (a: unknown, b: unknown): boolean => typeof a === 'string' && a === b;

/** Where an actor's snapshot is in the document. */
function documentPath(actor: LiveActor): Key[] {
  return actor._parent ? [...documentPath(actor._parent), 'children', actor.id, 'snapshot'] : ['snapshot'];
}

/** What XState would store of an actor that is no machine. */
function persisted(actor: LiveActor, snapshot: LiveSnapshot): Record<string, unknown> {
  const { kind } = adopted(actor);
  if (kind === 'pure' || kind === 'question' || kind === 'custom')
    return defined(actor.logic.getPersistedSnapshot(snapshot) as Record<string, unknown>);
  const { status, context, input, output, error } = snapshot;
  return defined({ status, context, input, output, error });
}

function historyOf({ historyValue }: LiveMachineSnapshot): object {
  const stored: Record<string, object> = {};
  for (const key in historyValue) stored[key] = historyValue[key]!.map(({ id }) => ({ id }));
  return stored;
}
