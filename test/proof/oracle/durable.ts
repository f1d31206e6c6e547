/** The same machine as a run of this library, on one kind of store. */
import { SimulatedClock, type AnyEventObject, type AnyStateMachine } from 'xstate';
import {
  ConflictError,
  createRuntime,
  RunClosedError,
  SavepointError,
  StoreError,
  type Receipt,
  type Run,
  type Runtime,
  type Store,
} from 'savepoint';
import type { FlakyStore } from '../../support/flaky-store.ts';
import { buildMachine } from './build-machine.ts';
import { rest } from './rest.ts';
import type { SequenceSpec } from './spec.ts';
import { World } from './world.ts';

/** Where runs live in one sequence. */
export interface Place {
  readonly name: string;
  /** A store as a new process would have it. */
  open(): Store;
  /** Lets go of what `open` gave. */
  leave(store: Store): void | Promise<void>;
  /** Set where faults are to be expected. */
  readonly flaky?: FlakyStore;
}

/** An event that was sent, and its receipt. */
export interface Sent {
  readonly id: string | undefined;
  readonly receipt: Receipt;
}

const ID = 'run';

export class Durable {
  readonly world = new World();
  readonly clock = new SimulatedClock();
  /** Accepted events, oldest first. */
  readonly sent: Sent[] = [];
  /** How often the run was opened. */
  opened = 0;
  /** How many turns the store refused. */
  refused = 0;
  run!: Run;
  #store: Store;
  #runtime: Runtime;
  #machine: AnyStateMachine;
  #lastId = 0;
  readonly #durability: SequenceSpec['durability'];

  constructor(
    private readonly spec: SequenceSpec,
    private readonly place: Place,
  ) {
    this.#durability = place.flaky ? 'sync' : spec.durability;
    this.#store = place.open();
    this.#runtime = this.#newRuntime();
    this.#machine = buildMachine(spec.machine, this.world);
  }

  #newRuntime(): Runtime {
    const { history, delays } = this.spec;
    return createRuntime({
      store: this.#store,
      clock: this.clock,
      // It is told of what the store did wrong, too.
      logger: (...args) => void (String(args[0]).startsWith('Savepoint ') || this.world.say(...args)),
      durability: this.#durability,
      history,
      delays: this.place.flaky ? 'deadline' : delays,
    });
  }

  get isExact(): boolean {
    return this.spec.history === 'append' && this.#durability !== 'exit';
  }

  async start(): Promise<void> {
    this.run = await this.#insisted(() => this.#runtime.start(this.#machine, { id: ID }));
    this.#listen();
    await this.rest();
    await this.recover();
  }

  /** Opens the run by a new runtime. What runs is aborted, and starts again. */
  async reopen(away: () => void): Promise<void> {
    await this.leave();
    away();
    this.#store = this.place.open();
    this.#runtime = this.#newRuntime();
    this.#machine = buildMachine(this.spec.machine, this.world);
    await this.#open();
    await this.rest();
    await this.recover();
  }

  async leave(): Promise<void> {
    const { flaky } = this.place;
    await this.run.release().catch((error) => this.#lossOnly(error));
    // A conflict has closed the run without giving it up: that is left to the runtime, which says it once.
    if (flaky) flaky.spared = ['broken'];
    await this.#runtime.close({ grace: 0 });
    if (flaky) flaky.spared = [];
    await this.place.leave(this.#store);
  }

  async #open(): Promise<void> {
    this.opened++;
    this.#conflicts = this.place.flaky?.faults.conflict ?? 0;
    this.run = await this.#insisted(() => this.#runtime.open(this.#machine, ID));
    this.#listen();
  }

  #listen(): void {
    this.run.actor.on('*', (event: any) => this.world.say('emits', event.tag, event.n));
  }

  /** Until all that was set off has ended and is durable; with `exit` only the first. */
  async rest(): Promise<void> {
    for (let calm = 0; calm < 2;) {
      const { seq } = this.run;
      if (this.#durability !== 'exit') await this.run.flush().catch((error) => this.#lossOnly(error));
      await rest();
      calm = this.run.seq === seq ? calm + 1 : 0;
    }
  }

  /**
   * Sends events in one job. Tells in which order they came to be, which is another one where the store
   * refuses one of them, and of each whether something took it.
   */
  async send(events: readonly AnyEventObject[], refused?: number): Promise<{ at: number; taken: boolean }[]> {
    const { flaky } = this.place;
    const sends = events.map((event, at) => ({
      event,
      at,
      id: this.#nextId(),
      receipt: undefined as Receipt | undefined,
    }));
    const order: typeof sends = [];
    if (flaky && refused !== undefined) {
      flaky.refused = sends[refused]!.id;
      flaky.spared = ['conflict'];
    }
    while (order.length < sends.length) {
      const open = sends.filter(({ receipt }) => receipt === undefined);
      const results = await Promise.allSettled(
        open.map(({ event, id }) => this.run.send(event, { ...(id && { id }) })),
      );
      for (const [at, result] of results.entries()) {
        const one = open[at]!;
        if (result.status === 'fulfilled') one.receipt = result.value;
        else if (result.reason instanceof RunClosedError && this.isOver)
          one.receipt = { delivered: true, accepted: false };
        else if (one.id !== undefined && one.id === flaky?.refused && result.reason instanceof StoreError)
          this.refused++;
        else this.#lossOnly(result.reason);
        if (one.receipt) order.push(one);
      }
      if (flaky) flaky.refused = undefined;
      if (this.isLost) await this.#open();
    }
    if (flaky) flaky.spared = [];
    await this.rest();
    await this.recover();
    for (const { id, receipt } of order) if (receipt!.accepted) this.sent.push({ id, receipt: receipt! });
    return order.map(({ at, receipt }) => ({ at, taken: receipt!.accepted === true }));
  }

  #nextId(): string | undefined {
    return this.spec.ids || this.place.flaky ? `event ${++this.#lastId}` : undefined;
  }

  /** Sends what cannot be stored; tells what it was refused with. */
  async sendBad(): Promise<unknown> {
    const refusal = await this.run.send({ type: 'BAD' }).then(
      () => undefined,
      (error) => error,
    );
    await this.rest();
    return refusal;
  }

  /** Sends an accepted event once more: its receipt is to be the first one. */
  async sendAgain({ id, receipt }: Sent): Promise<void> {
    if (id === undefined) return;
    const again = await this.#insisted(() => this.run.send({ type: 'A', n: 1 }, { id }));
    await this.rest();
    if (again.seq !== receipt.seq)
      throw new Error(`'${id}' was at seq ${receipt.seq}, and again at ${again.seq}.`);
  }

  async tick(ms: number): Promise<void> {
    this.clock.increment(ms);
    await this.rest();
    await this.recover();
  }

  /** Lets an effect do something; once more where that was lost. */
  async act(act: () => void): Promise<void> {
    for (;;) {
      const { seq } = this.run;
      act();
      await this.rest();
      if (!this.isLost) return;
      const [stored] = await this.#insisted(async () => this.#store.runs({ run: ID, limit: 1 }));
      await this.recover();
      if (stored!.seq > seq) return;
    }
  }

  /** Has a conflict closed the run under us? */
  get isLost(): boolean {
    return this.#conflicts !== (this.place.flaky?.faults.conflict ?? 0);
  }
  #conflicts = 0;

  async recover(): Promise<void> {
    while (this.isLost) {
      await this.#open();
      await this.rest();
    }
  }

  get isOver(): boolean {
    return this.run.status === 'done' || this.run.status === 'failed';
  }

  /** The runtime, to look at the run from outside. */
  get runtime(): Runtime {
    return this.#runtime;
  }

  #lossOnly(error: unknown): void {
    if (!(error instanceof ConflictError) || !this.isLost) throw error;
  }

  /** Again where the store broke: nothing but that may go wrong, and not for ever. */
  async #insisted<T>(run: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++)
      try {
        return await run();
      } catch (error) {
        const isBroken = !(error instanceof SavepointError) || error instanceof StoreError;
        if (!this.place.flaky || !isBroken || tries === 20) throw error;
      }
  }
}
