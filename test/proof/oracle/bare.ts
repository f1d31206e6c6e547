/** The oracle: XState alone. */
import { createActor, type AnyEventObject, SimulatedClock, type AnyActor, type AnyActorRef } from 'xstate';
import { buildMachine } from './build-machine.ts';
import type { MachineSpec } from './spec.ts';
import { World, type EffectOutcome } from './world.ts';
import { rest } from './rest.ts';

export class Bare {
  readonly world = new World();
  readonly clock = new SimulatedClock();
  readonly actor: AnyActor;
  #taken: boolean | undefined;
  readonly #actors = new Set<AnyActorRef>();
  #answered: AnyActorRef | undefined;

  constructor(spec: MachineSpec) {
    this.actor = createActor(buildMachine(spec, this.world), {
      clock: this.clock,
      logger: (...args) => this.world.say(...args),
      inspect: (event: any) => {
        if (event.type === '@xstate.actor') this.#actors.add(event.actorRef);
        if (event.type === '@xstate.snapshot') this.#answered = event.actorRef;
        if (event.type !== '@xstate.microstep' || event.actorRef !== this.actor) return;
        this.#taken ??= event._transitions.length > 0;
      },
    });
    this.actor.subscribe({ error: () => {} });
  }

  async start(): Promise<void> {
    this.actor.start();
    await rest();
    // Nobody can listen to a run before it has started.
    this.actor.on('*', (event: any) => this.world.say('emits', event.tag, event.n));
  }

  /** Sends events in one job; tells of each whether something took it. */
  async send(events: readonly AnyEventObject[]): Promise<boolean[]> {
    const taken = events.map((event) => {
      this.#taken = undefined;
      this.actor.send(event);
      return this.#taken ?? false;
    });
    await rest();
    return taken;
  }

  async tick(ms: number): Promise<void> {
    this.clock.increment(ms);
    await rest();
  }

  /** Lets an effect do something. */
  async act(path: string, outcome: EffectOutcome, n: number): Promise<void> {
    this.world.act(path, outcome, n);
    await rest();
  }

  get isActive(): boolean {
    return this.actor.getSnapshot().status === 'active';
  }

  get isWaiting(): boolean {
    return isWaiting(this.actor);
  }

  /**
   * Does an actor run that its parent has lost, because another took its id? XState makes such ones where
   * a transition enters a state that it has not left; what it cannot restore is refused where it is kept.
   */
  get hasLostActors(): boolean {
    const tree = new Set(treeOf(this.actor));
    for (const actor of this.#actors) {
      if (tree.has(actor)) continue;
      this.#actors.delete(actor);
      if (actor.getSnapshot()?.status !== 'active') continue;
      // It may never have been started, or have been stopped before it was: only one that runs answers.
      this.#answered = undefined;
      actor.send({ type: 'PROBE' });
      if (this.#answered === actor) return true;
    }
    return false;
  }
}

function treeOf(actor: AnyActorRef): AnyActorRef[] {
  const { children = {} } = actor.getSnapshot() as { children?: Record<string, AnyActorRef> };
  return [actor, ...Object.values(children).flatMap(treeOf)];
}

function isWaiting(actor: AnyActorRef): boolean {
  const snapshot = actor.getSnapshot();
  if (snapshot.status !== 'active' || !('value' in snapshot)) return false;
  return snapshot.hasTag('waitingForInput') || Object.values<AnyActorRef>(snapshot.children).some(isWaiting);
}
