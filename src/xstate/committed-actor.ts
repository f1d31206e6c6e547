/**
 * The root actor as the outside sees it: committed snapshots only.
 *
 * It stands in for the live actor wherever XState's tools take one: `waitFor`, `toPromise`,
 * `@xstate/react`'s `useSelector`, `sendTo` from another system.
 */
import { Actor, type AnyEventObject } from 'xstate';
import { isMachineSnapshot, type LiveActor, type LiveSnapshot, type LiveSystem } from './insider.ts';

interface Observer {
  next?(snapshot: LiveSnapshot): void;
  error?(error: unknown): void;
  complete?(): void;
}
/** What an actor's own calls come to. */
interface ActorOwner {
  /** Sends an event to the live actor. Throws what refused the turn. */
  relay(event: AnyEventObject): void;
  /** Lets go of the run. */
  stop(): void;
}

type Next = (snapshot: LiveSnapshot) => void;

const report = (error: unknown): void => {
  // As in XState: what an observer throws is nobody's but the global handler's.
  setTimeout(() => {
    throw error;
  });
};

export class CommittedActor {
  readonly #live: LiveActor;
  readonly #owner: ActorOwner;
  #snapshot: LiveSnapshot;
  #observers: Set<Observer> | undefined;

  /** For XState's tools, as on every actor reference. */
  readonly ref: this = this;

  constructor(live: LiveActor, owner: ActorOwner) {
    this.#live = live;
    this.#snapshot = live._snapshot;
    this.#owner = owner;
    // Passed around like XState's own: `onClick={actor.send}`.
    this.send = this.send.bind(this);
  }

  get id(): string {
    return this.#live.id;
  }
  get sessionId(): string {
    return this.#live.sessionId;
  }
  get system(): LiveSystem {
    return this.#live.system;
  }
  get src(): unknown {
    return this.logic;
  }
  get logic(): unknown {
    return isMachineSnapshot(this.#snapshot) ? this.#snapshot.machine : this.#live.logic;
  }
  get _parent(): undefined {
    return undefined;
  }

  getSnapshot(): LiveSnapshot {
    return this.#snapshot;
  }

  /** A turn, like `run.send`, without a receipt. Throws what refused the turn. */
  send(event: AnyEventObject): void {
    this.#owner.relay(event);
  }

  _send(event: AnyEventObject): void {
    this.#owner.relay(event);
  }

  /** Running since the run was opened. */
  start(): this {
    return this;
  }

  /** Releases the run. It goes on when it is opened again. */
  stop(): this {
    this.#owner.stop();
    return this;
  }

  on(type: string, handler: (event: AnyEventObject) => void): { unsubscribe(): void } {
    return this.#live.on(type, handler);
  }

  subscribe(
    next?: Observer | Next,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): { unsubscribe(): void } {
    const observer: Observer =
      typeof next === 'object' && next !== null
        ? next
        : { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) };
    if (this.#snapshot.status === 'active') (this.#observers ??= new Set()).add(observer);
    else this.#end(observer);
    return { unsubscribe: () => void this.#observers?.delete(observer) };
  }

  /** XState's own, where it has one: it needs no more than `getSnapshot` and `subscribe`. */
  get select(): unknown {
    return Reflect.get(Actor.prototype, 'select');
  }

  getPersistedSnapshot(): unknown {
    return (
      this.#live.logic as { getPersistedSnapshot(snapshot: LiveSnapshot): unknown }
    ).getPersistedSnapshot(this.#snapshot);
  }

  toJSON(): object {
    return { xstate$$type: 1, id: this.id };
  }

  /** A snapshot was committed. */
  show(snapshot: LiveSnapshot): void {
    this.#snapshot = snapshot;
  }

  /** Tells the observers of the snapshot that was shown last. */
  notify(): void {
    const observers = this.#observers;
    if (!observers) return;
    const snapshot = this.#snapshot;
    // As in XState: of an error, only `error` is told.
    if (snapshot.status !== 'error')
      for (const observer of observers) this.#tell(() => observer.next?.(snapshot));
    if (snapshot.status === 'active') return;
    this.#observers = undefined;
    for (const observer of observers) this.#end(observer);
  }

  #end(observer: Observer): void {
    if (this.#snapshot.status === 'error') this.#tell(() => observer.error?.(this.#snapshot.error));
    else this.#tell(() => observer.complete?.());
  }

  #tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      report(error);
    }
  }
}

Object.defineProperty(
  CommittedActor.prototype,
  (typeof Symbol === 'function' && Symbol.observable) || '@@observable',
  {
    value(this: CommittedActor) {
      return this;
    },
  },
);
