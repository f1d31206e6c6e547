/** The runs that a runtime holds: one thing at a time for each, and no timer where there are none. */
import type { AnyStateMachine } from 'xstate';
import {
  FencedError,
  IncompatibleMachineError,
  InvalidArgumentError,
  MachineNotRegisteredError,
  RunExistsError,
  RunLockedError,
  RunNotFoundError,
} from '../errors.ts';
import { InboxWatch } from '../inbox/inbox-watch.ts';
import type { Engine } from '../load-engine.ts';
import { loadReader } from '../load-reader.ts';
import type { Machines } from '../machines.ts';
import { Run } from '../run.ts';
import type { RuntimeContext } from '../runtime-context.ts';
import { commitAlone } from '../turns/commit-alone.ts';
import { unref } from '../unref.ts';
import type { Borrow } from './borrow.ts';
import type { Migrate } from './open-run.ts';
import type { RunCore } from './run-core.ts';
import type { RunIdentity } from './run-info.ts';

/** A run that a runtime holds. */
export interface Held {
  readonly core: RunCore;
  readonly run: Run;
  /** Did somebody open it, or is it only here for a moment? */
  isKept: boolean;
  /** How many use it at the moment. */
  users: number;
}

/** How runs are opened. */
export interface HoldingOptions {
  readonly machines: Machines;
  readonly migrate: Migrate | undefined;
  /** How often to look for messages, in milliseconds. */
  readonly poll: number;
  readonly engine: () => Promise<Engine>;
}

/** Why another did not come to have a run, that say nothing of who comes next. */
const othersReasons = [
  RunExistsError,
  RunLockedError,
  MachineNotRegisteredError,
  IncompatibleMachineError,
] as const;

/** How long to wait before a run is given up once more, in milliseconds. */
const AGAIN = 1000;

export class Holding {
  readonly #runs = new Map<string, Held>();
  /** Runs that are being started, opened or deleted. */
  readonly #busy: Map<string, Promise<Held | undefined>> = new Map();
  /** Borrowed runs, until it is known that nothing came for them too late. */
  readonly #leaving = new Set<string>();
  #inboxes: InboxWatch | undefined;
  /** Settles when nobody looks for messages any more. */
  #rested: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    private readonly context: RuntimeContext,
    private readonly options: HoldingOptions,
  ) {}

  /** A run that is to stay for now. */
  find(id: string): Held | undefined {
    const held = this.#runs.get(id);
    return held?.core.leaving ? undefined : held;
  }

  has(id: string): boolean {
    return this.#runs.has(id) || this.#busy.has(id);
  }

  /** Throws where the runtime is closed. */
  checkOpen(): void {
    if (this.#isClosed)
      throw new InvalidArgumentError('This runtime is closed. Make another one with createRuntime().');
  }

  start(input: unknown, identity: RunIdentity): Promise<Held> {
    const { id } = identity;
    const busy = this.#busy.get(id);
    if (busy) {
      // Who looks for it at this moment may not find it.
      const again = (): Promise<Held> => this.start(input, identity);
      return busy.then(again, again);
    }
    this.checkOpen();
    if (this.#runs.has(id)) throw new RunExistsError(id);
    const starting = this.#start(input, identity);
    this.#track(id, starting);
    return starting;
  }

  /** Never in this very job: that the run is being started is known before its machine does anything. */
  #start(input: unknown, identity: RunIdentity): Promise<Held> {
    return this.options.engine().then((engine) => {
      const begin = (): Promise<Held> => {
        const core = new engine.RunCore(engine.context, identity);
        return core.start(input).then(() => this.#keep(core, true));
      };
      const leased = this.context.lease.ensure();
      return leased instanceof Promise ? leased.then(begin) : begin();
    });
  }

  async open(machine: AnyStateMachine | undefined, id: string, wait: number, isKept: boolean): Promise<Held> {
    const until = performance.now() + wait;
    // One thing at a time for each run: after this loop nothing else is under way.
    for (let busy; ;) {
      const here = this.#runs.get(id);
      if (here && !here.core.leaving) {
        if (isKept) {
          here.isKept = true;
          here.core.stay();
        }
        return here;
      }
      busy = this.#busy.get(id) ?? here?.core.leaving;
      if (!busy) break;
      try {
        await busy;
      } catch (error) {
        // There is such a run already, or another was told to wait less, or knows no machine for it.
        if (!here && !othersReasons.some((kind) => error instanceof kind)) throw error;
      }
    }
    // It may have been closed meanwhile.
    this.checkOpen();
    const { engine, machines, migrate } = this.options;
    const left = Math.max(0, until - performance.now());
    const opening = Promise.all([engine(), loadReader()])
      .then(([{ context }, { openRun }]) => openRun(context, machines, machine, id, left, migrate))
      .then((core) => this.#keep(core, isKept));
    this.#track(id, opening);
    return opening;
  }

  /** Has a run made here that nobody opens meanwhile. */
  async make<T>(id: string, making: () => Promise<T>): Promise<T> {
    this.checkOpen();
    if (this.has(id)) throw new RunExistsError(id);
    const made = making();
    this.#track(
      id,
      made.then(() => undefined),
    );
    return made;
  }

  /**
   * Takes a run without opening it; `use` is to let go of it. False: it is open here.
   *
   * @throws {RunLockedError} where another holds it.
   * @throws {RunNotFoundError}
   */
  async take(id: string, use: (fence: number) => Promise<void>): Promise<boolean> {
    for (let busy; ;) {
      busy = this.#busy.get(id) ?? this.#runs.get(id)?.core.leaving;
      if (!busy) break;
      await busy.catch(() => {});
    }
    this.checkOpen();
    if (this.#runs.has(id)) return false;
    const taking = this.#take(id, use);
    this.#track(id, taking);
    await taking;
    return true;
  }

  async #take(id: string, use: (fence: number) => Promise<void>): Promise<undefined> {
    const { store, lease } = this.context;
    await lease.ensure();
    const acquired = await store.acquire(id, lease.owner);
    if (acquired.status === 'held') throw new RunLockedError(id, acquired.by, new Date(acquired.until));
    if (acquired.status !== 'acquired') throw new RunNotFoundError(id);
    const { fence } = acquired;
    try {
      await use(fence);
    } catch (error) {
      await store.commit([{ run: id, owner: lease.owner, fence, release: true }]);
      throw error;
    }
  }

  /** Has a run here for as long as `use` takes, and from then on until it is at rest. */
  readonly borrow: Borrow = async (id, use) => {
    this.checkOpen();
    const held = await this.open(undefined, id, 0, false);
    held.users++;
    held.core.leavesAtRest = false;
    try {
      return await use(held.core);
    } finally {
      held.users--;
      if (!held.isKept && held.users === 0) {
        held.core.leavesAtRest = true;
        held.core.progressed();
        void this.#takeLate(id, held.core);
      }
    }
  };

  /**
   * What came for a run while it was being let go of, and was left to us as we still had it, is delivered. Once: what still
   * waits then is for the next one who comes.
   */
  async #takeLate(id: string, core: RunCore): Promise<void> {
    if (this.#leaving.has(id)) return;
    this.#leaving.add(id);
    try {
      await core.until(() => core.leaving !== undefined);
      await core.leaving;
      if (core.isReleased && !this.#isClosed) {
        const waiting = await this.context.store.runs({ run: id, undelivered: true, limit: 1 });
        if (waiting.length > 0 && !this.#isClosed) await this.borrow(id, (late) => late.drain());
      }
    } catch (error) {
      // Somebody else has it, and what waits for it.
      if (!(error instanceof RunLockedError) && !this.#isClosed && !core.isClosed) this.context.logger(error);
    } finally {
      this.#leaving.delete(id);
    }
  }

  async delete(id: string, tombstone: number): Promise<void> {
    while (this.#busy.has(id)) await this.#busy.get(id)?.catch(() => {});
    const deleting = this.#delete(id, tombstone);
    this.#track(id, deleting);
    await deleting;
  }

  async #delete(id: string, tombstone: number): Promise<undefined> {
    const { store, lease } = this.context;
    await lease.ensure();
    this.#runs.get(id)?.core.discard('was deleted');
    const acquired = await store.acquire(id, lease.owner);
    if (acquired.status === 'held') throw new RunLockedError(id, acquired.by, new Date(acquired.until));
    if (acquired.status !== 'acquired') throw new RunNotFoundError(id);
    await commitAlone(this.context, { run: id, fence: acquired.fence, remove: tombstone });
  }

  /** The lease has ended, and the store does not answer. */
  leaseLost(): void {
    for (const { core } of this.#runs.values()) core.leaseLost();
  }

  /** A run has left. */
  forget(core: RunCore): void {
    if (this.#runs.get(core.id)?.core === core) this.#runs.delete(core.id);
    if (core.isAbandoned) void this.#letGo(core);
    this.#restIfIdle();
  }

  /** While the lease is renewed for other runs, nobody else could take this one. */
  async #letGo({ id: run, fence }: RunCore): Promise<void> {
    while (!this.#isClosed) {
      try {
        return await commitAlone(this.context, { run, fence, release: true });
      } catch (error) {
        // Somebody has taken it, or it is gone.
        if (error instanceof FencedError) return;
        await new Promise((resolve) => unref(setTimeout(resolve, AGAIN)));
      }
    }
  }

  /** Lets go of all runs, and takes no more. */
  async close(grace: number): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#busy.values());
    const released = await Promise.allSettled(
      [...this.#runs.values()].map(({ run }) => run.release({ grace })),
    );
    await this.#rested;
    const failed = released.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #keep(core: RunCore, isKept: boolean): Held {
    const held = { core, run: new Run(core), isKept, users: 0 };
    if (core.isClosed) return held;
    this.#runs.set(core.id, held);
    this.#inboxes ??= new InboxWatch(this.context, this.options.poll, (run) => this.#runs.get(run)?.core);
    return held;
  }

  #track(id: string, work: Promise<Held | undefined>): void {
    this.#busy.set(id, work);
    const forget = (): void => {
      this.#busy.delete(id);
      this.#restIfIdle();
    };
    work.then(forget, forget);
  }

  #restIfIdle(): void {
    if (this.#runs.size > 0) return;
    if (this.#inboxes) this.#rested = this.#inboxes.end();
    this.#inboxes = undefined;
    if (this.#busy.size === 0) this.context.lease.rest();
  }
}
