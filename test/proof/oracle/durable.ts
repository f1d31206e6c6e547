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
  /** Is the store at work? What waits for it is then not at rest. */
  readonly isBusy?: () => boolean;
  /** Set where faults are to be expected. */
  readonly flaky?: FlakyStore;
}

/** An event that was sent, and its receipt. */
export interface Sent {
  readonly id: string | undefined;
  readonly receipt: Receipt;
}

/** An event that was sent, by its place among those that were sent with it. */
interface Put {
  readonly at: number;
  readonly taken: boolean;
}

const ID = 'run';

/** So often time is told to go on by nothing: fuel ends what is due at once before the last time. */
export const TICKS_AT_ONCE = 12;

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
    readonly place: Place,
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
    this.run = await this.#insisted(() => this.#runtime.open(this.#machine, ID));
    this.#listen();
  }

  #listen(): void {
    const { run } = this;
    // A run that the machine ended keeps its end; only a loss says that it is to be opened anew.
    run.done().catch((error) => {
      if (error instanceof ConflictError) this.#lose(run);
    });
    this.run.actor.on('*', (event: any) => this.world.say('emits', event.tag, event.n));
  }

  /** Until all that was set off has ended and is durable; with `exit` only the first. */
  async rest(): Promise<void> {
    for (let calm = 0; calm < 2;) {
      const { seq } = this.run;
      if (this.#durability !== 'exit') await this.run.flush().catch((error) => this.#lossOnly(error));
      do await rest();
      while (this.place.isBusy?.());
      calm = this.run.seq === seq ? calm + 1 : 0;
    }
  }

  /**
   * Sends events in one job. Tells in which order they came to be, without the one that the store refused,
   * and of each whether something took it. Where the run was lost between them, there is another group, and
   * what was due at once came in between.
   */
  async send(events: readonly AnyEventObject[], refused?: number): Promise<Put[][]> {
    const { flaky } = this.place;
    const sends = events.map((event, at) => ({
      event,
      at,
      id: this.#nextId(),
      receipt: undefined as Receipt | undefined,
    }));
    const order = [[] as typeof sends];
    if (flaky && refused !== undefined) {
      flaky.refused = sends[refused]!.id;
      flaky.spared = ['conflict'];
    }
    for (let open = sends; open.length > 0; open = sends.filter(({ receipt }) => receipt === undefined)) {
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
        if (one.receipt) order.at(-1)!.push(one);
      }
      if (flaky && refused !== undefined) {
        flaky.refused = undefined;
        flaky.spared = [];
      }
      if (!this.isLost) continue;
      await this.recover();
      order.push([]);
    }
    await this.rest();
    await this.recover();
    for (const { id, receipt } of order.flat())
      if (receipt!.accepted) this.sent.push({ id, receipt: receipt! });
    return order.map((group) => group.map(({ at, receipt }) => ({ at, taken: receipt!.accepted === true })));
  }

  #nextId(): string | undefined {
    return this.spec.ids || this.place.flaky ? `event ${++this.#lastId}` : undefined;
  }

  /** Sends what cannot be stored; tells what it was refused with. */
  async sendBad(): Promise<unknown> {
    for (;;) {
      const refusal = await this.run.send({ type: 'BAD' }).then(
        () => undefined,
        (error) => error,
      );
      await this.rest();
      const isLost = refusal instanceof ConflictError;
      await this.recover();
      if (!isLost) return refusal;
    }
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

  /** What is due at once is due now, and what that makes due at once. */
  async tickAtOnce(): Promise<void> {
    await this.#fireAtOnce();
    await this.recover();
  }

  async #fireAtOnce(): Promise<void> {
    for (let tick = 0; tick < TICKS_AT_ONCE; tick++) this.clock.increment(0);
    await this.rest();
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

  /** The type of the event that set off the first turn after `seq`, but for what a callback says as it starts. */
  causeAfter(seq: number): Promise<string | undefined> {
    return this.#insisted(async () => {
      for await (const { cause } of this.run.history({ from: seq + 1 }))
        if (cause.event.type !== 'SYNC') return cause.event.type;
      return undefined;
    });
  }

  /** How often a conflict closed the run under us. */
  lost = 0;
  #lost: Run | undefined;

  get isLost(): boolean {
    return this.#lost === this.run;
  }

  #lose(run: Run): void {
    if (this.#lost !== run) this.lost++;
    this.#lost = run;
  }

  async recover(): Promise<void> {
    while (this.isLost) {
      await this.#open();
      await this.rest();
      await this.#fireAtOnce();
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
    if (!(error instanceof ConflictError)) throw error;
    this.#lose(this.run);
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
