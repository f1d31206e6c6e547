/**
 * The inner names of XState 5 that the seam stands on, as types, and a check that they are there.
 * Nothing outside this folder knows them.
 */
import { createActor, createMachine } from 'xstate';
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { UnsupportedXStateError } from '../errors.ts';

/** A live snapshot, of any kind of actor. */
export interface LiveSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output?: unknown;
  readonly error?: unknown;
  readonly context?: unknown;
  readonly input?: unknown;
}

/** A live snapshot of a machine's actor. */
export interface LiveMachineSnapshot extends LiveSnapshot {
  readonly machine: AnyStateMachine;
  readonly value: unknown;
  readonly tags: ReadonlySet<string>;
  readonly children: Readonly<Record<string, LiveActor | undefined>>;
  readonly historyValue: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly _nodes: readonly unknown[];
}

export interface LiveLogic {
  readonly config?: unknown;
  transition(this: void, snapshot: LiveSnapshot, event: AnyEventObject, scope: LiveScope): LiveSnapshot;
  getInitialSnapshot(scope: LiveScope, input: unknown): LiveSnapshot;
  getPersistedSnapshot(snapshot: LiveSnapshot, options?: unknown): unknown;
  restoreSnapshot?(persisted: unknown, scope: LiveScope): LiveSnapshot;
  start?(snapshot: LiveSnapshot, scope: LiveScope): void;
}

export interface LiveAction {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => unknown) | undefined;
}

export interface LiveScope {
  readonly self: LiveActor;
  readonly system: LiveSystem;
  actionExecutor(this: void, action: LiveAction): void;
  emit(this: void, event: AnyEventObject): void;
  stopChild(this: void, child: LiveActor): void;
}

export interface LiveScheduler {
  schedule(source: LiveActor, target: LiveActor, event: AnyEventObject, delay: number, id?: string): void;
  cancel(source: LiveActor, id: string): void;
  cancelAll(source: LiveActor): void;
}

export interface LiveSystem {
  scheduler: LiveScheduler;
  get(systemId: string): LiveActor | undefined;
  _set(systemId: string, actor: LiveActor): void;
  _register(sessionId: string, actor: LiveActor): string;
  _unregister(actor: LiveActor): void;
  _relay(this: void, source: LiveActor | undefined, target: LiveActor, event: AnyEventObject): void;
  _sendInspectionEvent(this: void, event: InspectionEvent): void;
}

export interface InspectionEvent {
  readonly type: string;
  readonly actorRef: LiveActor;
  readonly _transitions?: readonly unknown[];
}

/** Values of `_processingStatus`. */
export const NOT_STARTED = 0;
export const RUNNING = 1;
export const STOPPED = 2;

type Listeners = Map<string, Set<(event: AnyEventObject) => void>>;

export interface LiveActor {
  readonly id: string;
  readonly sessionId: string;
  readonly src: unknown;
  readonly system: LiveSystem;
  readonly _parent: LiveActor | undefined;
  readonly _actorScope: LiveScope;
  readonly _syncSnapshot?: boolean | undefined;
  /** XState before 5.21 calls it `_systemId`. */
  readonly systemId?: string | undefined;
  readonly _systemId?: string | undefined;
  logic: LiveLogic;
  mailbox: unknown;
  _snapshot: LiveSnapshot;
  _processingStatus: number;
  _deferred: unknown[];
  observers: Set<unknown>;
  eventListeners: Listeners;
  subscribe(...observer: unknown[]): { unsubscribe(): void };
  on(type: string, handler: (event: AnyEventObject) => void): { unsubscribe(): void };
  start(): this;
  getPersistedSnapshot(): unknown;
  _send(event: AnyEventObject): void;
}

/** Is it a snapshot of a machine? */
export const isMachineSnapshot = (snapshot: LiveSnapshot): snapshot is LiveMachineSnapshot =>
  '_nodes' in snapshot;

/** XState takes every object with these three for a reference to an actor, and so do we. */
export const isReference = (value: object): value is LiveActor =>
  'sessionId' in value && 'send' in value && 'ref' in value;

let checked = false;

/**
 * Looks once whether this copy of XState has what the seam needs.
 *
 * @throws {UnsupportedXStateError} naming what is gone.
 */
export function assertInsiders(): void {
  if (checked) return;
  const actor = createActor(
    createMachine({ id: 'probe', initial: 'a', states: { a: {} } }),
  ) as unknown as LiveActor;
  const { _actorScope: scope, system, _snapshot: snapshot } = actor;
  const needed: readonly (readonly [what: string, object: object, names: string])[] = [
    [
      'actor',
      actor,
      '_snapshot _actorScope _processingStatus _parent _deferred mailbox observers eventListeners _send',
    ],
    ['actor scope', scope, 'actionExecutor emit stopChild system self'],
    ['actor system', system, '_relay _sendInspectionEvent _register _unregister _set scheduler'],
    ['scheduler', system.scheduler, 'schedule cancel cancelAll'],
    // Looked at above, where it is named if it is gone.
    ['machine snapshot', snapshot ?? {}, '_nodes children historyValue tags value'],
  ];
  for (const [what, object, names] of needed)
    for (const name of names.split(' '))
      if (!(name in object)) throw new UnsupportedXStateError(`'${name}' on its ${what}`);
  checked = true;
}
