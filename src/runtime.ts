/** The runtime: starts runs, opens them, lists them, and lets go of them. */
import type { AnyEventObject, AnyStateMachine, InputFrom } from 'xstate';
import { checkNames, type CustomType } from './checkpoint/custom-type.ts';
import {
  FencedError,
  InvalidArgumentError,
  RunClosedError,
  RunExistsError,
  RunLockedError,
  RunNotFoundError,
} from './errors.ts';
import type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
import { checkId } from './ids.ts';
import { checkMs, checkOptions } from './check-options.ts';
import type { Borrow, Delivery } from './delivery.ts';
import type { AnswerOptions } from './input/answers.ts';
import { parseQuestionId } from './input/ids.ts';
import type { InputQuery } from './input/list-inputs.ts';
import type { PendingInput } from './input/pending-input.ts';
import type { Change } from './input/questions.ts';
import type { InputRecord } from './input/record-of.ts';
import type { InputEvent } from './input/watch-inputs.ts';
import { Lease } from './lease.ts';
import { loadEngine, type Engine } from './load-engine.ts';
import { loadReader } from './load-reader.ts';
import { checkMachine, Machines } from './machines.ts';
import type { Migrate } from './open-run.ts';
import type { Receipt } from './receipt.ts';
import type { RecoverOptions, Recovery, RecoveryReport } from './recovery.ts';
import { Run, type ReleaseOptions, type SendOptions } from './run.ts';
import type { RuntimeContext } from './runtime-context.ts';
import type { RunCore } from './run-core.ts';
import { toInfo, type ListQuery, type Metadata, type RunIdentity, type RunInfo } from './run-info.ts';
import { checkEvent } from './check-event.ts';
import type { Store, StoredRun } from './store.ts';
import type { Durability } from './turn-log.ts';
import { unref } from './unref.ts';
import { systemClock, type Clock } from './xstate/delays.ts';
import type { Inspect } from './xstate/host.ts';
import { assertInsiders } from './xstate/insider.ts';
import type { DelayPolicies } from './xstate/restore.ts';

/** Limits of a runtime. */
export interface Limits {
  /** How long a dead owner keeps others out, where its death cannot be seen, in milliseconds. Default 15,000. */
  readonly lease?: number;
  /** How often a run that does not get any further is opened before it is put into quarantine. Default 10. */
  readonly recoveries?: number;
  /** How often to look for what other processes left in inboxes, in milliseconds. Default 250. */
  readonly poll?: number;
  /** How many bytes an answer may have. Default: any number. */
  readonly answerBytes?: number;
}

/** What a runtime is made with. */
export interface RuntimeOptions {
  /** Where runs live. It stays open when the runtime is closed. */
  readonly store: Store;
  /** The machines by which runs are opened by their id alone; several versions of one machine may be among them. */
  readonly machines?: readonly AnyStateMachine[];
  /** When effects may go out. `sync`, the default, is after the commit of their turn. */
  readonly durability?: Durability;
  /** `append` (default) keeps every checkpoint; `replace` lets old ones go with each new base. */
  readonly history?: 'append' | 'replace';
  /** What becomes of delays when a run is opened again. Default `deadline`. */
  readonly delays?: DelayPolicies;
  /** Rules delays. Default: the system's. */
  readonly clock?: Clock;
  /** XState's `inspect`: sees the live events of every run's actors. */
  readonly inspect?: Inspect;
  /** XState's `logger`, told as well of what goes wrong where nobody waits. Default `console.log`. */
  readonly logger?: (...args: unknown[]) => void;
  /** How long deleted runs keep their ids, in milliseconds. */
  readonly retention?: {
    /** Default 30 days. */
    readonly tombstones?: number;
  };
  readonly limits?: Limits;
  /** How classes of your own are stored. */
  readonly types?: readonly CustomType[];
  /** Makes a snapshot that a machine cannot go on from into one that it can. */
  readonly migrate?: Migrate;
}

/** What a run is started with. `input` is required where the machine's type requires it. */
export type StartOptions<TMachine extends AnyStateMachine> = {
  /** The run's id. Default: a random one. */
  readonly id?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Metadata;
  /** Of this run, in place of the runtime's. */
  readonly durability?: Durability;
} & (undefined extends InputFrom<TMachine>
  ? { readonly input?: InputFrom<TMachine> }
  : { readonly input: InputFrom<TMachine> });

type StartArguments<TMachine extends AnyStateMachine> =
  undefined extends InputFrom<TMachine>
    ? [options?: StartOptions<TMachine>]
    : [options: StartOptions<TMachine>];

/** A run that this runtime holds. */
interface Held {
  readonly core: RunCore;
  readonly run: Run;
  /** Did somebody open it, or is it only here for a moment? */
  isKept: boolean;
  /** How many use it at the moment. */
  users: number;
}

/** What is said of a cancellation. Kept with the run, and told to whoever wants more of it. */
export interface CancelOptions {
  /** Who cancels. */
  readonly by?: string;
  readonly reason?: string;
}

/** How a run is opened. */
export interface OpenOptions {
  /** How long to wait for a run that another holds, in milliseconds. Default 0. */
  readonly wait?: number;
}

const LEASE = 15_000;
const RECOVERIES = 10;
const POLL = 250;
const MONTH = 30 * 24 * 60 * 60 * 1000;
const GRACE = 5_000;
const PAGE = 200;

/**
 * Makes a runtime over a store. It does nothing until its first call.
 *
 * @example
 * const runtime = createRuntime({ store: sqliteStore('runs.db'), machines: [refund] });
 * const run = await runtime.start(refund, { id: 'r-42', input: { amount: 90 } });
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  return new Runtime(options);
}

/**
 * Starts runs, opens them, reaches those that are not open, and lets go of them. `createRuntime()` makes one. Each call
 * but those that only read, and `close()`, throws `InvalidArgumentError` once it is closed.
 */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #context: RuntimeContext;
  #engine: Promise<Engine> | undefined;
  readonly #machines: Machines;
  readonly #runs = new Map<string, Held>();
  /** Runs that are being started, opened or deleted here. */
  readonly #busy: Map<string, Promise<Held | undefined>> = new Map();
  #closing: Promise<void> | undefined;
  readonly #watchers = new Set<(change: Change) => void>();
  readonly #watches = new Set<{ return(): Promise<unknown> }>();
  #delivery: Delivery | undefined;
  #recovery: Recovery | undefined;
  #polling: ReturnType<typeof setInterval> | undefined;
  #polled: 'well' | 'badly' | 'not yet' = 'well';

  constructor(options: RuntimeOptions) {
    if (typeof options?.store?.commit !== 'function')
      throw new InvalidArgumentError(
        "createRuntime() needs a store, such as sqliteStore('runs.db') or memoryStore().",
      );
    assertInsiders();
    checkOptions(options);
    checkNames(options.types ?? []);
    this.#options = options;
    this.#machines = new Machines(options.machines ?? []);
    const { store, limits, types = [], clock = systemClock, delays = 'deadline', inspect } = options;
    // XState's own default. Bound late, so that a test can watch it.
    // oxlint-disable-next-line no-console
    const { logger = (...args) => console.log(...args) } = options;
    this.#context = {
      store,
      lease: new Lease(store, limits?.lease ?? LEASE, logger, () => {
        for (const { core } of this.#runs.values()) core.leaseLost();
      }),
      types,
      clock,
      durability: options.durability ?? 'sync',
      delays,
      inspect,
      logger,
      replace: options.history === 'replace',
      recoveries: limits?.recoveries ?? RECOVERIES,
      answerBytes: limits?.answerBytes ?? Infinity,
      forget: (core) => {
        if (this.#runs.get(core.id)?.core === core) this.#runs.delete(core.id);
        this.#recovery?.runLeft();
        this.#restIfIdle();
      },
      post: async (run, event, id) => (await this.#deliveries()).post(run, event, id),
      questionsChanged: (change) => {
        for (const changed of this.#watchers) changed(change);
      },
    };
  }

  /**
   * Starts a run. Resolves when its first checkpoint is durable; a start that is refused leaves nothing behind.
   *
   * @throws {RunExistsError} where the id is taken, or was until a short while ago.
   * @throws {NotSerializableError} where the first state cannot be stored.
   */
  async start<TMachine extends AnyStateMachine>(
    machine: TMachine,
    ...[options]: StartArguments<TMachine>
  ): Promise<Run<TMachine>> {
    this.#checkOpen();
    checkMachine(machine);
    const {
      id = crypto.randomUUID(),
      tags = [],
      metadata,
      durability,
      input,
    } = (options ?? {}) as StartOptions<AnyStateMachine>;
    checkId('run', id);
    checkLabels(tags, metadata === undefined ? {} : metadata);
    checkOptions({ durability });
    if (this.#runs.has(id) || this.#busy.has(id)) throw new RunExistsError(id);
    const starting = this.#begin(input, {
      id,
      machine,
      tags: [...tags],
      createdAt: this.#context.clock.now(),
      more: {
        starter: crypto.randomUUID(),
        ...(metadata && { metadata }),
        ...(durability && { durability }),
      },
    });
    this.#track(id, starting);
    return (await starting).run as unknown as Run<TMachine>;
  }

  async #begin(input: unknown, identity: RunIdentity): Promise<Held> {
    const { RunCore, context } = await this.#load();
    await context.lease.ensure();
    const core = new RunCore(context, identity);
    await core.start(input);
    return this.#keep(core, true);
  }

  /**
   * Opens a run: loads its newest checkpoint, restores its actors, and goes on. The same `Run` where
   * this runtime has it already.
   *
   * @throws {RunNotFoundError}
   * @throws {RunLockedError} where another holds it, at once or after `wait`.
   * @throws {MachineNotRegisteredError} where it is opened by its id alone and its machine is not known here.
   * @throws {IncompatibleMachineError} where its machine lacks something that it stands on.
   * @throws {CorruptCheckpointError} where its newest checkpoint cannot be read.
   */
  open(id: string, options?: OpenOptions): Promise<Run>;
  open<TMachine extends AnyStateMachine>(
    machine: TMachine,
    id: string,
    options?: OpenOptions,
  ): Promise<Run<TMachine>>;
  async open(
    first: AnyStateMachine | string,
    second?: string | OpenOptions,
    third?: OpenOptions,
  ): Promise<Run> {
    this.#checkOpen();
    const machine = typeof first === 'string' ? undefined : first;
    const id = typeof first === 'string' ? first : (second as string);
    const { wait = 0 } = (typeof first === 'string' ? (second as OpenOptions | undefined) : third) ?? {};
    checkMs('wait', wait);
    if (typeof first !== 'string') checkMachine(first);
    checkId('run', id);
    return (await this.#open(machine, id, wait, true)).run;
  }

  async #open(
    machine: AnyStateMachine | undefined,
    id: string,
    wait: number,
    isKept: boolean,
  ): Promise<Held> {
    // One thing at a time for each run: after this loop nothing else is under way.
    for (let busy; ;) {
      const here = this.#runs.get(id);
      if (here && !here.core.leaving) {
        if (isKept) {
          here.isKept = true;
          here.core.leavesAtRest = false;
        }
        return here;
      }
      busy = this.#busy.get(id) ?? here?.core.leaving;
      if (!busy) break;
      try {
        await busy;
      } catch (error) {
        // A start that failed because there is such a run already: that one is to be opened.
        if (!(error instanceof RunExistsError) && !here) throw error;
      }
    }
    // It may have been closed meanwhile.
    this.#checkOpen();
    const opening = Promise.all([this.#load(), loadReader()])
      .then(([{ context }, { openRun }]) =>
        openRun(context, this.#machines, machine, id, wait, this.#options.migrate),
      )
      .then((core) => this.#keep(core, isKept));
    this.#track(id, opening);
    return opening;
  }

  /** Has a run here for as long as `use` takes, and from then on until it is at rest. */
  readonly #borrow: Borrow = async (id, use) => {
    this.#checkOpen();
    checkId('run', id);
    const held = await this.#open(undefined, id, 0, false);
    held.users++;
    held.core.leavesAtRest = false;
    try {
      return await use(held.core);
    } finally {
      held.users--;
      if (!held.isKept && held.users === 0) {
        held.core.leavesAtRest = true;
        held.core.progressed();
      }
    }
  };

  async #deliveries(): Promise<Delivery> {
    const { Delivery, context } = await this.#load();
    return (this.#delivery ??= new Delivery(context, this.#machines, this.#borrow));
  }

  /**
   * Sends an event to a run that may not be open. Where this runtime has it, or can open it, the event is delivered, and
   * the run is let go of at rest. Else it is stored in the run's inbox: whoever holds the run delivers it within its
   * `limits.poll` milliseconds, whoever opens it next does at once, and `recover()` finds it.
   *
   * @throws {RunNotFoundError}
   * @throws {RunClosedError} where the run is at its end, or was deleted.
   * @throws what `run.send()` throws.
   * @example
   * const { delivered } = await runtime.send('r-42', { type: 'parcelArrived' }, { id: 'webhook-9' });
   */
  async send(id: string, event: AnyEventObject, options: SendOptions = {}): Promise<Receipt> {
    this.#checkOpen();
    checkId('run', id);
    checkEvent(id, event);
    if (options.id !== undefined) checkId('event', options.id);
    const core = this.#runs.get(id)?.core;
    if (core && !core.leaving)
      try {
        return await core.send(event, options);
      } catch (error) {
        if (!(error instanceof RunClosedError && core.isReleased)) throw error;
      }
    return (await this.#deliveries()).send(id, event, options);
  }

  /**
   * Answers a question of a run that may not be open. The answer is delivered, or stored, as an event of `send()` is.
   * One that comes early waits until its question opens.
   *
   * @throws {InvalidInputError} where the question's schema does not take the answer; the question is still open.
   * @throws {InputClosedError} where somebody was first, its deadline passed, or the run went on without it.
   * @throws {EventNotAcceptedError} where the state that asks does not take the answer; the question is still open.
   * @throws {RunNotFoundError}
   * @throws {RunClosedError} where the run came to its end before the question opened, or was deleted.
   * @throws {InvalidArgumentError} for what cannot be the id of a question.
   * @example
   * await runtime.answer('r-42/approval', { approved: true }, { by: 'ann@example.com' });
   */
  async answer(inputId: string, value: unknown, options: AnswerOptions = {}): Promise<Receipt> {
    this.#checkOpen();
    const { run } = parseQuestionId(inputId);
    const core = this.#runs.get(run)?.core;
    if (core && !core.leaving)
      try {
        return await core.answer(inputId, value, options);
      } catch (error) {
        if (!(error instanceof RunClosedError && core.isReleased)) throw error;
      }
    if (options.id !== undefined) checkId('answer', options.id);
    return (await this.#deliveries()).answer(inputId, value, options);
  }

  /**
   * Lists open questions over all runs, oldest first, a page at a time.
   *
   * @example
   * for await (const { id, prompt } of runtime.inputs({ assignee: 'ann@example.com' })) console.log(id, prompt);
   */
  async *inputs(query: InputQuery = {}): AsyncGenerator<PendingInput> {
    const { listInputs, context } = await this.#load();
    yield* listInputs(context.store, context.inline, query);
  }

  /**
   * Tells which questions open and close from now on: those of this runtime at once, those of other processes within
   * `limits.poll` milliseconds. Ends when the loop over it does, or when the runtime is closed. What is open already is listed by `inputs()`.
   *
   * @example
   * for await (const { type, input } of runtime.watchInputs({ assignee: 'ann@example.com' })) {
   *   if (type === 'opened') await notify(input.assignee, input.prompt);
   * }
   */
  watchInputs(query: InputQuery = {}): AsyncIterableIterator<InputEvent> {
    const watch = this.#load().then(
      ({ InputWatch, context }) =>
        new InputWatch({ ...context, poll: this.#poll, watch: this.#watch }, query),
    );
    // Not a generator, whose return() would wait for the event that next() waits for.
    const events: AsyncIterableIterator<InputEvent> & { return(): Promise<IteratorResult<InputEvent>> } = {
      [Symbol.asyncIterator]: () => events,
      next: async () => (await watch).next(),
      return: async () => {
        this.#watches.delete(events);
        return (await watch).return();
      },
    };
    this.#watches.add(events);
    return events;
  }

  readonly #watch = (changed: (change: Change) => void): (() => void) => {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  };

  /**
   * What became of a question: who answered what and when. `undefined` where nothing is known of it. Kept as long as the
   * run.
   *
   * @throws {RunNotFoundError}
   * @throws {InvalidArgumentError} for what cannot be the id of a question.
   */
  async recordOf(inputId: string): Promise<InputRecord | undefined> {
    const { run } = parseQuestionId(inputId);
    await this.get(run);
    const { readRecord, context } = await this.#load();
    return readRecord(context.store, context.inline, run, inputId);
  }

  /**
   * Opens each run that a dead process left running, that is overdue, or that has messages, and lets go of it at rest.
   * From then on one timer waits for the next run that is due, and all is looked through once a lease, until the runtime
   * is closed. Runs that another process holds are left to it.
   *
   * @throws {InvalidArgumentError} for a `concurrency` that is no whole number from 1 on.
   * @example
   * const runtime = createRuntime({ store: sqliteStore('runs.db'), machines: [refund] });
   * const { opened, quarantined, failed } = await runtime.recover();
   */
  async recover(options: RecoverOptions = {}): Promise<RecoveryReport> {
    this.#checkOpen();
    const { concurrency = 10 } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new InvalidArgumentError(
        `'concurrency' is a number of runs, 1 or more; it was ${String(concurrency)}.`,
      );
    const { Recovery, context } = await this.#load();
    const recovering = {
      ...context,
      rest: this.#options.limits?.lease ?? LEASE,
      isHeld: (run: string) => this.#runs.has(run),
    };
    this.#recovery ??= new Recovery(recovering, this.#borrow);
    return this.#recovery.recover({ concurrency });
  }

  /**
   * Ends a run for good, as XState's `stop()` does: no exit action runs; its effects, delays and questions end. Where
   * another holds the run, that one is told, and ends it within its `limits.poll` milliseconds.
   *
   * @throws {RunNotFoundError}
   * @throws {RunClosedError} where it is at its end already.
   */
  async cancel(id: string, { by, reason }: CancelOptions = {}): Promise<void> {
    this.#checkOpen();
    checkId('run', id);
    await (await this.#deliveries()).cancel(id, by, reason);
  }

  /**
   * Takes a run up again, out of quarantine or after it failed: from its last good checkpoint, or from the one at seq
   * `from`, which is appended as a new one. Its effects run again under the same ids.
   *
   * @throws {RunNotFoundError}
   * @throws {CheckpointNotFoundError} where there is none to go on from.
   * @throws {RunLockedError} where another holds it.
   * @throws what `open(id)` throws.
   * @example
   * for await (const { id } of runtime.list({ status: 'quarantined' })) await runtime.retry(id);
   */
  async retry(id: string, { from }: { readonly from?: number } = {}): Promise<Run> {
    this.#checkOpen();
    checkId('run', id);
    await this.get(id);
    await this.#runs.get(id)?.run.release();
    const { retryRun, context } = await this.#load();
    await retryRun(context, id, from);
    return this.open(id);
  }

  /** Opens the run with `options.id` where it exists, else starts it. */
  async ensure<TMachine extends AnyStateMachine>(
    machine: TMachine,
    options: StartOptions<TMachine> & { readonly id: string } & OpenOptions,
  ): Promise<Run<TMachine>> {
    try {
      return await this.open(machine, options.id, options);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
    try {
      return await this.start(machine, ...([options] as StartArguments<TMachine>));
    } catch (error) {
      // Another was quicker.
      if (!(error instanceof RunExistsError)) throw error;
      return this.open(machine, options.id, options).catch((reason: unknown) => {
        // There was one, and it was deleted.
        throw reason instanceof RunNotFoundError ? error : reason;
      });
    }
  }

  /** A run as it is in the store, without loading its actors. Throws `RunNotFoundError`. */
  async get(id: string): Promise<RunInfo> {
    checkId('run', id);
    return toInfo(await this.#stored(id));
  }

  /** Lists runs, a page at a time. */
  async *list(query: ListQuery = {}): AsyncGenerator<RunInfo> {
    yield* (await loadReader()).listRuns(this.#context.store, query);
  }

  /** Lists the checkpoints of a run that need not be open. */
  async *history(id: string, query?: HistoryQuery): AsyncGenerator<CheckpointInfo> {
    await this.get(id);
    const [{ context }, { readHistory }] = await Promise.all([this.#load(), loadReader()]);
    yield* readHistory(context, id, query);
  }

  /** One checkpoint of a run that need not be open. Throws as `run.checkpoint()` does. */
  async checkpoint(id: string, seq: number): Promise<Checkpoint> {
    checkId('run', id);
    const [{ context }, { readCheckpoint }] = await Promise.all([this.#load(), loadReader()]);
    return readCheckpoint(context, id, seq);
  }

  /**
   * Deletes a run and all that is stored of it, whatever it is doing. Its id cannot be used again until
   * its tombstone is gone.
   *
   * @throws {RunNotFoundError}
   * @throws {RunLockedError} where another holds it.
   */
  async delete(id: string): Promise<void> {
    this.#checkOpen();
    checkId('run', id);
    while (this.#busy.has(id)) await this.#busy.get(id)?.catch(() => {});
    const deleting = this.#delete(id);
    this.#track(id, deleting);
    await deleting;
  }

  async #delete(id: string): Promise<undefined> {
    const { store, lease } = this.#context;
    await lease.ensure();
    this.#runs.get(id)?.core.discard('was deleted');
    const acquired = await store.acquire(id, lease.owner);
    if (acquired.status === 'held') throw new RunLockedError(id, acquired.by, new Date(acquired.until));
    if (acquired.status !== 'acquired') throw new RunNotFoundError(id);
    const tombstone = this.#options.retention?.tombstones ?? MONTH;
    if (!(await store.remove(id, lease.owner, acquired.fence, tombstone))) throw new FencedError(id);
  }

  /**
   * Releases all runs, with 5,000 milliseconds of grace unless told otherwise, and gives up the lease.
   * The store stays open.
   */
  close(options?: ReleaseOptions): Promise<void> {
    return (this.#closing ??= this.#close(options));
  }

  async #close({ grace = GRACE }: ReleaseOptions = {}): Promise<void> {
    this.#recovery?.close();
    for (const watch of this.#watches) void watch.return();
    await Promise.allSettled(this.#busy.values());
    const released = await Promise.allSettled(
      [...this.#runs.values()].map(({ run }) => run.release({ grace })),
    );
    this.#delivery?.close();
    await this.#context.lease.end();
    const failed = released.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** What runs runs. A page that only looks never loads it. */
  #load(): Promise<Engine> {
    this.#engine ??= loadEngine(this.#context);
    // Next time it may be there: a page may be without a connection for a while.
    this.#engine.catch(() => (this.#engine = undefined));
    return this.#engine;
  }

  #keep(core: RunCore, isKept: boolean): Held {
    const held = { core, run: new Run(core), isKept, users: 0 };
    if (core.isClosed) return held;
    this.#runs.set(core.id, held);
    this.#polling ??= unref(setInterval(() => void this.#deliverWaiting(), this.#poll));
    return held;
  }

  get #poll(): number {
    return this.#options.limits?.poll ?? POLL;
  }

  /** Delivers what others left for runs that are held here. */
  async #deliverWaiting(): Promise<void> {
    const before = this.#polled;
    if (before === 'not yet') return;
    this.#polled = 'not yet';
    try {
      const { store, lease } = this.#context;
      const waiting = await store.runs({ owner: lease.owner, undelivered: true, limit: PAGE });
      // Not waited for: one whose messages take their time must not hold up the others.
      for (const { run } of waiting) this.#runs.get(run)?.core.drainIfIdle();
      this.#polled = 'well';
    } catch (error) {
      if (before === 'well')
        this.#context.logger('Savepoint could not look for messages; it is tried again.', error);
      this.#polled = 'badly';
    }
  }

  #track(id: string, work: Promise<Held | undefined>): void {
    this.#busy.set(id, work);
    const forget = (): void => {
      this.#busy.delete(id);
      this.#restIfIdle();
    };
    work.then(forget, forget);
  }

  /** A runtime that holds nothing keeps no timer. */
  #restIfIdle(): void {
    if (this.#runs.size > 0) return;
    clearInterval(this.#polling);
    this.#polling = undefined;
    if (this.#busy.size === 0) this.#context.lease.rest();
  }

  async #stored(id: string): Promise<StoredRun> {
    const [stored] = await this.#context.store.runs({ run: id, limit: 1 });
    if (!stored) throw new RunNotFoundError(id);
    return stored;
  }

  #checkOpen(): void {
    if (this.#closing)
      throw new InvalidArgumentError('This runtime is closed. Make another one with createRuntime().');
  }
}

/**
 * Opens the run of a machine, or starts it: a runtime for one run, for a browser page or a script.
 *
 * @example
 * const run = await durable(wizard, { store: indexedDBStore('wizard'), id: 'mine' });
 */
export function durable<TMachine extends AnyStateMachine>(
  machine: TMachine,
  options: StartOptions<TMachine> & { readonly id: string } & OpenOptions & RuntimeOptions,
): Promise<Run<TMachine>> {
  return createRuntime({ ...options, machines: [machine, ...(options.machines ?? [])] }).ensure(
    machine,
    options,
  );
}

/** What is listed with a run must be readable by everybody. */
function checkLabels(tags: unknown, metadata: unknown): void {
  if (!Array.isArray(tags) || ![...tags].every((tag) => typeof tag === 'string'))
    throw new InvalidArgumentError("tags is a list of strings, such as ['vip'].");
  const isScalar = (value: unknown): boolean =>
    value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(metadata ?? []) as null);
  if (!isPlain || !Object.values(metadata as object).every(isScalar))
    throw new InvalidArgumentError(
      "metadata is an object of strings, finite numbers, booleans and nulls, such as { customer: 'c-7' }.",
    );
}
