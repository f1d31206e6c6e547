/**
 * A promise, callback or observable that runs outside the actor system, on behalf of one actor.
 *
 * XState's own logic starts it in the middle of a turn, and asks the live actor whether it still
 * counts when it comes back. Both are wrong here: it may start only when the turn is committed, and an
 * actor that was stopped by a turn that is not committed yet may come back to life. So we run the
 * function that the user gave ourselves, and keep what arrives meanwhile until the stop is certain.
 */
import type { AnyEventObject } from 'xstate';
import type { CurrentEffect } from '../effects/ambient.ts';
import { runFor } from '../effects/ambient.ts';
import { LateSignal } from '../effects/late-signal.ts';
import type { Journal } from '../effects/journal.ts';
import { actorPath } from './actor-path.ts';
import { STOPPED, type LiveActor, type LiveLogic, type LiveSnapshot } from './insider.ts';
import type { Kind } from './kinds.ts';

/** What an effect reports: `target` is to be sent `event`. */
export interface Outcome {
  readonly effect: Effect;
  readonly target: LiveActor;
  readonly event: AnyEventObject;
}

/** Is an event of an effect to its own actor the last that comes of it? */
export const isLast = ({ type }: AnyEventObject): boolean =>
  [
    'xstate.promise.resolve',
    'xstate.promise.reject',
    'xstate.observable.error',
    'xstate.observable.complete',
  ].includes(type) || type === FAILURE;

/** What an effect is told by the run that it belongs to. */
export interface EffectOwner {
  report(outcome: Outcome): void;
  /** Its id, its attempt and the run's fence. */
  identify(effect: Effect): CurrentEffect;
  /** What is kept of it between its start and its outcome. */
  journalOf(effect: Effect): Journal;
}

type Listener = (event: AnyEventObject) => void;
type Creator = (args: object) => unknown;

interface Subscribable {
  subscribe(observer: {
    next: (value: never) => void;
    error: (error: unknown) => void;
    complete: () => void;
  }): {
    unsubscribe(): void;
  };
}

/** The type of the event that makes an actor fail with `event.error`; only the wrapped logic knows it. */
export const FAILURE = 'savepoint.failure';

/** What XState gives a creator, and what a run adds: made when it is asked for, as most never do. */
class CreatorArgs implements CurrentEffect {
  readonly #effect: Effect;
  readonly input: unknown;
  readonly self: LiveActor;
  readonly system: LiveActor['system'];
  readonly emit: (event: AnyEventObject) => void;
  /** Of a promise: makes its signal. */
  late: LateSignal | undefined;
  /** Of a callback. */
  sendBack: ((event: AnyEventObject) => void) | undefined;
  receive: ((listener: Listener) => void) | undefined;

  constructor(effect: Effect, input: unknown) {
    const { actor } = effect;
    this.#effect = effect;
    this.input = input;
    this.self = actor;
    this.system = actor.system;
    this.emit = actor._actorScope.emit;
  }

  /** Gives it a signal: a property of its own, as in XState, but made when it is asked for. */
  withSignal(): LateSignal {
    const late = (this.late = new LateSignal());
    late.showOn(this);
    return late;
  }

  get effectId(): string {
    return this.#effect.identity.effectId;
  }
  get attempt(): number {
    return this.#effect.identity.attempt;
  }
  get fence(): number {
    return this.#effect.identity.fence;
  }
  get journal(): Journal {
    return this.#effect.journal;
  }
}

export class Effect {
  /** The seq of the turn that made its actor, which with the actor's path is its name. */
  born = 0;
  /** The keys of the rows in its journal, where those are to go with its outcome. */
  journaled: Set<string> | undefined;
  /**
   * Set while it does nothing but wait: until then, by the clock, or for a person. It is then no reason to call the run
   * a running one.
   */
  parkedUntil: number | undefined;
  /** What arrived while the actor was stopped by a turn that is not committed yet. */
  late: Outcome[] | undefined;
  #receivers: Set<Listener> | undefined;
  /** Has it reported its end to a run that is paused, so that nothing of it runs any more? */
  hasReported = false;
  /** Was it stopped while its run is paused, to be started anew? */
  isSuspended = false;
  #end: (() => void) | undefined;
  #over = false;
  #started = false;
  /** Names this start: what an earlier one still reports is not heard. */
  #life = 0;

  constructor(
    readonly actor: LiveActor,
    readonly kind: Kind,
    private readonly logic: LiveLogic,
    private readonly host: EffectOwner,
  ) {}

  /** Does it work in this process, and not only wait? */
  get isBusy(): boolean {
    return this.isRunning && this.parkedUntil === undefined && !this.hasReported;
  }

  get identity(): CurrentEffect {
    return this.host.identify(this);
  }

  get journal(): Journal {
    return this.host.journalOf(this);
  }

  /** By which it is found again: the path of its actor, and the turn that made it. */
  get key(): string {
    return `${actorPath(this.actor)}:${this.born}`;
  }

  /** The logic as the user wrote it. */
  get source(): LiveLogic {
    return this.logic;
  }

  /** Runs the user's function. `snapshot` is the actor's at the time when it was to start. */
  start(snapshot: LiveSnapshot): void {
    if (this.#over) return;
    this.#started = true;
    this.isSuspended = false;
    try {
      const args = new CreatorArgs(this, snapshot.input);
      runFor(args, () => this.#begin(args, snapshot));
    } catch (error) {
      this.#settle(this.failure(error));
    }
  }

  /** Hands an event to a callback's `receive` listeners. */
  deliver(event: AnyEventObject): void {
    this.#receivers?.forEach((receiver) => receiver(event));
  }

  /** Aborts, disposes or unsubscribes; nothing is reported from now on. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.late = undefined;
    this.#receivers = undefined;
    this.#end?.();
  }

  /** Stops it for a while; `start()` starts it anew. */
  suspend(): void {
    this.isSuspended = true;
    this.#started = false;
    this.#life++;
    this.#receivers = undefined;
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }

  /** Its function was never called, so nothing of it can have happened. */
  get isFresh(): boolean {
    return !this.#started && !this.isSuspended;
  }

  get isRunning(): boolean {
    return this.#started && !this.#over;
  }

  /** The event that makes its actor fail. */
  failure(error: unknown): AnyEventObject {
    const { kind } = this;
    if (kind === 'promise') return { type: 'xstate.promise.reject', data: error };
    if (kind === 'callback' || kind === 'custom') return { type: FAILURE, error };
    return { type: 'xstate.observable.error', data: error };
  }

  #begin(args: CreatorArgs, snapshot: LiveSnapshot): void {
    if (this.kind === 'promise') this.#startPromise(args);
    else if (this.kind === 'callback') this.#startCallback(args);
    else if (this.kind === 'custom') this.#startCustom(snapshot);
    else this.#startObservable(args);
  }

  /** The event that ends its actor with an output; `undefined` where it can have none. */
  success(data: unknown): AnyEventObject | undefined {
    return this.kind === 'promise' ? { type: 'xstate.promise.resolve', data } : undefined;
  }

  #creator(): Creator {
    return this.logic.config as Creator;
  }

  #settle(event: AnyEventObject, target: LiveActor = this.actor, life = this.#life): void {
    if (this.#over || life !== this.#life) return;
    const outcome = { effect: this, target, event };
    if (this.actor._processingStatus === STOPPED) (this.late ??= []).push(outcome);
    else this.host.report(outcome);
  }

  #startPromise(args: CreatorArgs): void {
    const late = args.withSignal();
    this.#end = () => late.abort();
    Promise.resolve(this.#creator()(args)).then(
      (data) => {
        this.#end = undefined; // as in XState: a promise that has settled is not aborted any more
        this.#settle(this.success(data)!);
      },
      (error: unknown) => {
        this.#end = undefined;
        this.#settle(this.failure(error));
      },
    );
  }

  #startCallback(args: CreatorArgs): void {
    const parent = this.actor._parent;
    const life = this.#life;
    args.sendBack = (event) => {
      if (parent) this.#settle(event, parent, life);
    };
    args.receive = (listener) => {
      if (life === this.#life) (this.#receivers ??= new Set()).add(listener);
    };
    const dispose = this.#creator()(args);
    if (typeof dispose === 'function') this.#endsBy(dispose as () => void, life);
  }

  /** How it is stopped; at once where it was stopped by what it reported while it started. */
  #endsBy(end: () => void, life: number): void {
    if (this.#over || life !== this.#life) end();
    else this.#end = end;
  }

  #startCustom(snapshot: LiveSnapshot): void {
    const { actor, logic } = this;
    this.#end = () => {
      logic.transition(actor._snapshot, { type: 'xstate.stop' }, actor._actorScope);
    };
    logic.start?.(snapshot, actor._actorScope);
  }

  #startObservable(args: CreatorArgs): void {
    const { kind, actor } = this;
    const life = this.#life;
    const subscription = (this.#creator()(args) as Subscribable).subscribe({
      next: (value: AnyEventObject) => {
        if (kind === 'observable') this.#settle({ type: 'xstate.observable.next', data: value }, actor, life);
        else if (actor._parent) this.#settle(value, actor._parent, life);
      },
      error: (error) => this.#settle(this.failure(error), actor, life),
      complete: () => this.#settle({ type: 'xstate.observable.complete' }, actor, life),
    });
    this.#endsBy(() => subscription.unsubscribe(), life);
  }
}
