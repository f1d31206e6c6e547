/**
 * Hosts one actor system: runs it turn by turn, holds back what leaves it, and can take turns back.
 *
 * A turn begins with the first relay of an event and ends when that relay returns: all mailboxes are
 * empty then, and the snapshots of all actors are one consistent cut. The owner is told of
 * the turn at that moment; if it throws, the turn is refused and the actors are as they were before.
 */
import { createActor } from 'xstate';
import type {
  AnyEventObject,
  AnyStateMachine,
  InspectionEvent as PublicInspectionEvent,
  Observer,
} from 'xstate';
import { isInTree } from './actor-path.ts';
import type { CurrentEffect } from '../effects/ambient.ts';
import type { Journal } from '../effects/journal.ts';
import { LETTER, letterOf } from '../effects/send-to-run.ts';
import { storable } from '../storable.ts';
import { adopt, adopted, bootFor, type ActorHost } from './adopted.ts';
import { Delays, type Clock, type Delay, type DelayOwner } from './delays.ts';
import { Effect, FAILURE, type EffectOwner, type Outcome } from './effect.ts';
import { holdLogic } from './held-logic.ts';
import {
  STOPPED,
  type InspectionEvent,
  type LiveAction,
  type LiveActor,
  type LiveLogic,
  type LiveSnapshot,
  type LiveSystem,
} from './insider.ts';
import { isActive } from './is-active.ts';
import { kindOf, type Kind } from './kinds.ts';
import { original, standIn, standInBelow } from './stand-ins.ts';
import { takeBack } from './take-back.ts';
import { Turn, type Cause, type Held, type HeldAction } from './turn.ts';

export type Inspect = Observer<PublicInspectionEvent> | ((event: PublicInspectionEvent) => void);

/** Whose actors are hosted, and who is told of their turns. */
export interface HostOwner {
  readonly machine: AnyStateMachine;
  /** The root actor's id. */
  readonly id: string;
  readonly context: {
    readonly clock: Clock;
    readonly inspect: Inspect | undefined;
    readonly logger: (...args: unknown[]) => void;
  };
  /** At the end of each turn. False: nothing happened in it, forget it. Throw to refuse it. */
  turnEnded(turn: Turn): boolean;
  /** A turn that nobody waits for was refused, and no actor can be told. */
  failed(error: unknown): void;
  /** The seq that a turn which ends now would have. */
  readonly nextSeq: number;
  identify(effect: Effect): CurrentEffect;
  journalOf(effect: Effect): Journal;
  /** An effect that was cut off: starts it by `start`, or does what its policy says. */
  interrupted(effect: Effect, start: () => void): void;
  /** Runs a custom action whose turn is let out. Throws what it throws. */
  act(held: Held & { readonly action: HeldAction }): void;
  /** One that does not run, as another of its actor threw before it. */
  skip(held: Held): void;
  /** Nothing runs, and what was to start now does not: the owner is to let go of the run. */
  yielded(): void;
  /** Something that would make a turn comes while the run is paused. */
  putOff(late: Late): void;
}

/** An event for an actor that has to wait. */
export interface Late {
  /** That reports it. */
  readonly effect: Effect | undefined;
  readonly source: LiveActor | undefined;
  readonly target: LiveActor;
  readonly event: AnyEventObject;
}

/** Builtin actions that belong to the turn; all others leave the actor system. */
const builtin = /^xstate\.(?!log$)/;

const bootEvent = { type: 'xstate.init' };

/** Without an observer of errors XState throws a failure of the root into the void. One for all: `subscribe` makes several objects. */
const ofErrors = { error: (): void => {} };

export class Host implements ActorHost, DelayOwner, EffectOwner {
  /** The live root actor. Shows states that may never be committed. */
  root!: LiveActor;
  readonly delays: Delays;
  /** Of the actors that have an effect which has not ended, as far as commits go. */
  effects: Set<Effect> | undefined;
  /** Delays whose due time is another one than the store has; told with the next turn. */
  moved: Delay[] = [];
  #turn: Turn | undefined;
  /** Ended turns whose held effects have not been released, oldest first. */
  #unreleased: Turn[] = [];
  #restoring = false;
  #closed = false;
  /** False once the run is being released: effects that have not started yet wait for the next opening. */
  startsEffects: boolean = true;
  /** Its share of the process is over: once nothing runs, nothing new starts, and the owner lets go of it. */
  yields = false;
  /** While the run is paused: what is to start when it goes on, in order. */
  #later: Held[] | undefined;

  constructor(readonly owner: HostOwner) {
    this.delays = new Delays(owner.context.clock, this);
  }

  // --- Life

  /** The first turn of a new system. Throws what refused it. */
  start(input: unknown): void {
    const turn = this.#boot({ input });
    this.#finish(turn);
    if (turn.refusal !== undefined) throw turn.refusal;
  }

  /**
   * Brings a persisted system back. Its effects are held in the turn that comes back, which is to be
   * released; it is never captured.
   */
  restore(snapshot: unknown): Turn {
    this.#restoring = true;
    const turn = this.#boot({ snapshot });
    this.#restoring = false;
    this.#unreleased.push(turn);
    return turn;
  }

  #boot(state: object): Turn {
    const turn = (this.#turn = new Turn({ kind: 'start', target: undefined as never, event: bootEvent }));
    try {
      this.#create(state, this.owner.context.inspect);
      this.root.observers.add(ofErrors);
      this.root.start();
    } finally {
      this.#turn = undefined;
    }
    return turn;
  }

  #create(state: object, inspect?: Inspect): void {
    const { machine, id, context } = this.owner;
    const { clock, logger } = context;
    const logic = holdLogic(machine as unknown as LiveLogic, 'machine') as unknown as AnyStateMachine;
    const options = { id, clock, logger, ...state, ...(inspect && { inspect }) } as never;
    this.root = bootFor(this, () => createActor(logic, options) as unknown as LiveActor);
  }

  /** Makes the snapshot of a system that is over visible; nothing is started. */
  view(snapshot: unknown): void {
    this.#restoring = true;
    this.#create({ snapshot });
    this.close();
  }

  /** Aborts what runs; nothing starts any more. */
  abortEffects(): void {
    this.startsEffects = false;
    for (const effect of this.effects ?? []) this.#attempt(() => effect.stop());
  }

  /** Stops everything, in silence: nothing is told to anybody, effects are aborted. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.delays.disarm();
    this.abortEffects();
    this.effects = undefined;
  }

  // --- Pausing

  /** Do events have to wait, and nothing starts? */
  get isPaused(): boolean {
    return this.#later !== undefined;
  }

  /** From now on effects, delays and actors of other systems make no turns, and nothing starts. What runs goes on. */
  pause(): void {
    this.#later ??= [];
    this.delays.disarm();
  }

  /** Stops what has no end of its own, until the run goes on; not while a promise runs. True: there was something. */
  suspend(): boolean {
    const running = [...this.activeEffects()].filter((effect) => effect.isRunning);
    if (running.some((effect) => effect.kind === 'promise' && effect.isBusy)) return false;
    const endless = running.filter(({ kind, hasReported }) => kind !== 'promise' && !hasReported);
    for (const effect of endless) {
      this.#attempt(() => effect.suspend());
      this.#start(effect, effect.actor._snapshot);
    }
    return endless.length > 0;
  }

  /** Lets happen what had to wait, but for what was put off. */
  goOn(): void {
    const held = this.#later ?? [];
    this.#later = undefined;
    for (const delay of this.delays.arm()) queueMicrotask(() => this.fire(delay));
    let failed: Set<LiveActor> | undefined;
    for (const one of held) if (!this.#closed) failed = this.#letOut(one, failed);
  }

  /** Something that had to wait, as a turn. */
  deliverLate({ effect, source, target, event }: Late): void {
    if (effect) return this.settle({ effect, target, event });
    const { refusal } = this.run({ kind: source ? 'actor' : 'event', source, target, event });
    if (refusal !== undefined) this.owner.context.logger(refusal);
  }

  /** Fires what was due by then, of a run that is about to go on. */
  fireDue(time: number): void {
    for (const delay of this.delays.due(time)) this.#fire(delay);
  }

  /** Runs it now or, while the run is paused, when that is over, if its effect still counts then. */
  #whenGoing({ actor }: Effect, run: () => void, fails?: LiveActor): void {
    if (!this.#later) return run();
    const late = (): void => {
      if (isActive(actor)) run();
    };
    this.#later.push({ actor: fails, run: late });
  }

  // --- Turns

  /** Is a turn going on? */
  get isInTurn(): boolean {
    return this.#turn !== undefined;
  }

  /** An event arrives at an actor, in a turn or from an actor of another system. */
  receive(actor: LiveActor, event: AnyEventObject): void {
    if (this.#turn) original(actor)._send.call(actor, event);
    else if (this.#later) this.owner.putOff({ effect: undefined, source: undefined, target: actor, event });
    else if (!this.#closed) {
      const { refusal } = this.run({ kind: 'event', target: actor, event });
      if (refusal !== undefined) this.owner.context.logger(refusal);
    }
  }

  /** Sends an event to the root. The turn tells whether it was taken, or why it was refused. */
  send(event: AnyEventObject): Turn {
    return this.run({ kind: 'event', target: this.root, event });
  }

  /** Takes back ended turns, newest first, and everything that was held for them. */
  rewind(turns: readonly Turn[]): void {
    for (const turn of turns.toReversed()) {
      this.#letGo(turn);
      takeBack(turn, this);
    }
  }

  #letGo(turn: Turn): void {
    const at = this.#unreleased.indexOf(turn);
    if (at >= 0) this.#unreleased.splice(at, 1);
  }

  /** What effects reported about actors that these turns had stopped, now that they have not. */
  takeLate(turns: readonly Turn[]): Outcome[] {
    const late: Outcome[] = [];
    for (const turn of turns)
      for (const { actor } of turn.notes) {
        const effect = adopted(actor).effect;
        if (!effect?.late || actor._processingStatus === STOPPED) continue;
        late.push(...effect.late);
        effect.late = undefined;
      }
    return late;
  }

  /**
   * Runs what a turn held back, in order, as long as the lease holds before each. False when it was
   * stopped by that; call again to go on.
   */
  release(turn: Turn, lease: { readonly holds: boolean }): boolean {
    let failed: Set<LiveActor> | undefined;
    for (let held = turn.held[0]; held; held = turn.held[0]) {
      if (this.#closed) return true;
      if (!lease.holds) return false;
      turn.held.shift();
      failed = this.#letOut(held, failed);
    }
    this.#letGo(turn);
    for (const actor of turn.born) {
      adopted(actor).bornIn = undefined;
      this.#forgetIfOver(actor);
    }
    for (const { actor } of turn.notes) {
      const record = adopted(actor);
      if (record.noted === turn) record.noted = undefined;
      this.#forgetIfOver(actor);
    }
    return true;
  }

  /** `failed`: those actors that threw. As in XState: after an action that throws, the actor's further actions do not run. */
  #letOut(held: Held, failed: Set<LiveActor> | undefined): Set<LiveActor> | undefined {
    const { actor } = held;
    try {
      if (actor && failed?.has(actor)) this.owner.skip(held);
      else if (held.action) this.owner.act(held as Held & { readonly action: HeldAction });
      else held.run();
      return failed;
    } catch (error) {
      if (!actor) this.owner.context.logger(error);
      else this.fail(actor, error);
      return actor ? (failed ?? new Set()).add(actor) : failed;
    }
  }

  /** Forgets the effect of an actor that is over; what a later turn ended may be taken back, and still runs. */
  #forgetIfOver(actor: LiveActor): void {
    const { effect, noted } = adopted(actor);
    if (effect && !noted && !isActive(actor)) this.effects?.delete(effect);
  }

  /** An effect's outcome, as a turn or, while the run is paused, for later. */
  report(outcome: Outcome): void {
    if (this.#closed) return;
    if (this.#later) this.owner.putOff({ ...outcome, source: outcome.effect.actor });
    else this.settle(outcome);
  }

  /** An effect's outcome as a turn. If it cannot be stored, the effect fails with that instead. */
  settle({ effect, target, event }: Outcome): void {
    if (this.#closed) return;
    const { refusal } = this.run({ kind: 'actor', source: effect.actor, target, event });
    if (refusal !== undefined) this.#fail(effect.actor, storable(refusal));
  }

  /** Makes an actor fail: its parent's `onError` takes it. */
  fail(actor: LiveActor, error: unknown): void {
    if (this.#closed) return;
    const { effect } = adopted(actor);
    // What is no effect has failed in a turn that is being let out: that is to be over before the run is paused.
    if (this.#later && effect && actor._processingStatus !== STOPPED)
      this.owner.putOff({ effect, source: actor, target: actor, event: failureOf(actor, error).event });
    else this.#fail(actor, error);
  }

  #fail(actor: LiveActor, error: unknown): void {
    if (actor._processingStatus === STOPPED) return this.owner.context.logger(error);
    const { refusal } = this.run(failureOf(actor, error));
    if (refusal !== undefined) this.#mustRun(failureOf(actor, storable(refusal)));
  }

  /** Holds something back until the turn that is running, or the last one that ended, is released. */
  hold(actor: LiveActor | undefined, run: () => void): void {
    this.#holdOne({ actor, run });
  }

  /** Sets off a turn, or a part of the one that is running. It tells why it was refused, if it was. */
  run(cause: Cause): Turn {
    const outer = this.#turn;
    if (outer) {
      outer.touch(cause.target);
      this.#relay(cause);
      return outer;
    }
    const turn = (this.#turn = new Turn(cause));
    turn.touch(cause.target);
    try {
      if (cause.delay && this.delays.has(cause.delay)) this.delays.end(cause.delay);
      this.#relay(cause);
    } catch (error) {
      turn.refusal = error;
    } finally {
      this.#turn = undefined;
    }
    this.#finish(turn);
    return turn;
  }

  #mustRun(cause: Cause): void {
    const { refusal } = this.run(cause);
    if (refusal !== undefined) this.owner.failed(refusal);
  }

  #relay({ source, target, event }: Cause): void {
    this.#originalRelay(source, target, event);
  }

  #originalRelay!: LiveSystem['_relay'];

  #finish(turn: Turn): void {
    if (turn.refusal === undefined) {
      try {
        if (this.owner.turnEnded(turn)) this.#unreleased.push(turn);
        return;
      } catch (error) {
        turn.refusal = error;
      }
    }
    takeBack(turn, this);
  }

  /** A delay is due. */
  fire(delay: Delay): void {
    if (!this.#later) this.#fire(delay);
  }

  #fire(delay: Delay): void {
    if (this.#closed || !this.delays.has(delay)) return;
    this.#mustRun({ kind: 'delay', source: delay.source, target: delay.target, event: delay.event, delay });
  }

  // --- Adoption

  /** Takes over the system of a root that is in its constructor. */
  adoptSystem(root: LiveActor): void {
    this.root = root;
    const { system } = root;
    const inspected = system._sendInspectionEvent;
    const relay = system._relay;
    this.#originalRelay = relay;
    system._sendInspectionEvent = (event) => {
      if (event.type === '@xstate.actor') this.#adopt(event.actorRef);
      else if (event.type === '@xstate.microstep') this.#noteMicrostep(event);
      inspected(event);
    };
    system._relay = (source, target, event) => {
      if (this.#closed || (this.#restoring && event.type.startsWith('xstate.snapshot.'))) return;
      if (target.system !== system) return this.hold(undefined, () => relay(source, target, event));
      const inside = this.#turn !== undefined;
      if (!inside && this.#later) {
        const effect = source && adopted(source).effect;
        return this.owner.putOff({ effect, source, target, event });
      }
      const { refusal } = this.run({ kind: source ? 'actor' : 'event', source, target, event });
      if (!inside && refusal !== undefined) throw refusal;
    };
    system.scheduler = this.delays;
    this.#takeOver(root, 'machine');
  }

  delayAdded(delay: Delay): void {
    const turn = this.#turn;
    if (turn) turn.added = [...turn.added, delay];
  }

  delayRemoved(delay: Delay): void {
    const turn = this.#turn;
    if (turn) turn.removed = [...turn.removed, delay];
  }

  /** Forgets delays from or to actors that ended in this turn and are gone: they would do nothing. */
  dropDelaysOfTheGone(turn: Turn): void {
    if (this.delays.size === 0) return;
    for (const delay of [...this.delays.all()])
      if (!isInTree(delay.source) || !isInTree(delay.target)) {
        this.delays.remove(delay);
        turn.removed = [...turn.removed, delay];
      }
  }

  #adopt(actor: LiveActor): void {
    if (actor === this.root) return;
    this.#turn?.born.push(actor);
    const kind = kindOf(actor.logic);
    this.#takeOver(actor, kind);
    actor.logic = holdLogic(actor.logic, kind);
    standInBelow(actor);
  }

  #takeOver(actor: LiveActor, kind: Kind): void {
    const runs = kind !== 'machine' && kind !== 'pure' && kind !== 'question';
    const effect = runs ? new Effect(actor, kind, actor.logic, this) : undefined;
    if (effect) {
      effect.born = this.owner.nextSeq;
      (this.effects ??= new Set()).add(effect);
    }
    const mayRefer = this.#restoring;
    const bornIn = actor === this.root ? undefined : this.#turn;
    adopt(actor, { host: this, kind, effect, noted: undefined, bornIn, isStarting: false, mayRefer });
    const scope = actor._actorScope;
    scope.emit = (event) => this.#emit(actor, event);
    standIn(actor);
    if (kind !== 'machine') return;
    const execute = scope.actionExecutor;
    const stop = scope.stopChild;
    scope.actionExecutor = (action) =>
      execute(builtin.test(action.type) ? action : this.#holdAction(actor, action));
    scope.stopChild = (child) => {
      this.#turn?.touch(child);
      stop(child);
    };
  }

  // Run through the original executor, so that the order among actions is XState's own.
  #holdAction(actor: LiveActor, action: LiveAction): LiveAction {
    const { exec } = action;
    if (!exec) return action;
    const isNamed = implementationOf(actor, action.type) === exec;
    return {
      ...action,
      exec: (info, params) => {
        const { event } = info as { readonly event: AnyEventObject };
        const run = (): unknown => exec(info, params);
        const said = letterOf(exec, info, params);
        const held = said
          ? { actor, type: LETTER, isNamed: true, params: said, event }
          : { actor, type: action.type, isNamed, params, event };
        this.#holdOne({ actor, run, action: held });
      },
    };
  }

  #holdOne(held: Held): void {
    const turn = this.#turn ?? this.#unreleased.at(-1);
    if (!turn) return void held.run();
    turn.held.push(held);
    if (held.action) turn.actions = [...turn.actions, held.action];
  }

  #emit(actor: LiveActor, event: AnyEventObject): void {
    // Looked up now: an actor that ends in this turn forgets its listeners.
    const handlers = [
      ...(actor.eventListeners.get(event.type) ?? []),
      ...(actor.eventListeners.get('*') ?? []),
    ];
    for (const handler of handlers) this.hold(undefined, () => handler(event));
  }

  #noteMicrostep(event: InspectionEvent): void {
    const turn = this.#turn;
    if (turn && turn.taken === undefined && event.actorRef === turn.cause.target)
      turn.taken = (event._transitions?.length ?? 0) > 0;
  }

  // --- Effects of one actor, told by its held logic

  startEffect(actor: LiveActor, snapshot: LiveSnapshot): void {
    const { effect } = adopted(actor);
    if (!effect) return;
    const start = (): void => this.#start(effect, snapshot);
    if (!this.#restoring) this.hold(undefined, start);
    else this.hold(undefined, () => this.#whenGoing(effect, () => this.owner.interrupted(effect, start)));
  }

  #start(effect: Effect, snapshot: LiveSnapshot): void {
    this.#whenGoing(effect, () => {
      if (this.yields && this.startsEffects && !this.isBusy) {
        this.startsEffects = false;
        this.owner.yielded();
      }
      if (this.startsEffects) effect.start(snapshot);
    });
  }

  stopEffect(actor: LiveActor): void {
    const { effect } = adopted(actor);
    this.hold(undefined, () => effect?.stop());
  }

  deliver(actor: LiveActor, event: AnyEventObject): void {
    const { effect } = adopted(actor);
    if (effect) this.hold(actor, () => this.#whenGoing(effect, () => effect.deliver(event), actor));
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.owner.context.logger(error);
    }
  }

  // --- What the system is doing

  /** The live snapshot of the root. It has no `value` where the machine failed to start. */
  get snapshot(): LiveSnapshot & { readonly value?: unknown } {
    return this.root._snapshot;
  }

  /** Is there an effect that works in this process, and does not only wait? */
  get isBusy(): boolean {
    for (const effect of this.effects ?? []) if (effect.isBusy && isActive(effect.actor)) return true;
    return false;
  }

  /** Is the root neither at its end nor stopped? */
  get isActive(): boolean {
    return this.root._snapshot.status === 'active';
  }

  /** The effects without outcome, as far as the run goes. */
  *activeEffects(): Iterable<Effect> {
    for (const effect of this.effects ?? []) if (isActive(effect.actor)) yield effect;
  }

  /** Those that a turn ended: by their outcome, or with their actor. */
  *endedEffects(turn: Turn): Iterable<Effect> {
    for (const { actor } of turn.notes) {
      const { effect } = adopted(actor);
      if (effect && !isActive(actor)) yield effect;
    }
  }

  identify(effect: Effect): CurrentEffect {
    return this.owner.identify(effect);
  }

  journalOf(effect: Effect): Journal {
    return this.owner.journalOf(effect);
  }
}

/** The custom action that the actor's machine has under a name. */
const implementationOf = (actor: LiveActor, type: string): unknown => {
  const { actions } = (actor.logic as unknown as AnyStateMachine).implementations;
  return Object.hasOwn(actions, type) ? actions[type] : undefined;
};

function failureOf(actor: LiveActor, error: unknown): Cause {
  const { effect } = adopted(actor);
  // A promise has ended by then. What may go on, a callback or an observable, is stopped by the failure.
  const event = effect?.kind === 'promise' ? effect.failure(error) : { type: FAILURE, error };
  return { kind: 'actor', source: actor, target: actor, event };
}
