/** The runtime: starts runs, opens them, lists them, and lets go of them. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { checkEvent } from './check-event.ts';
import { checkLabels, checkMs, checkOptions } from './check-options.ts';
import { checkNames } from './checkpoint/custom-type.ts';
import type { Delivery } from './inbox/delivery.ts';
import {
  InvalidArgumentError,
  RunClosedError,
  RunExistsError,
  RunNotFoundError,
  RunRunningError,
} from './errors.ts';
import type { Follower, Viewed } from './follow/follower.ts';
import type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
import { Holding } from './run/holding.ts';
import { checkId } from './ids.ts';
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
import type { KeepingUp } from './prune/keeping-up.ts';
import type { PruneContext } from './prune/prune.ts';
import { checkRetention, storableRetention, type PrunePolicy, type PruneReport } from './prune/retention.ts';
import type { Receipt } from './run/receipt.ts';
import type { RecoverOptions, Recovery, RecoveryReport } from './recovery/recovery.ts';
import type { Run } from './run.ts';
import type { RunContext, RunCore } from './run/run-core.ts';
import { toInfo, type ListQuery, type RunInfo } from './run/run-info.ts';
import type { RuntimeContext } from './runtime-context.ts';
import type {
  CancelOptions,
  ForkOptions,
  OpenOptions,
  PauseOptions,
  ReleaseOptions,
  RetryRunOptions,
  RuntimeOptions,
  StartArguments,
  StartOptions,
} from './runtime-options.ts';
import { isEnd } from './run/status.ts';
import type { Steering } from './steering/steering.ts';
import type { Store, StoredRun } from './store.ts';
import type { SendOptions } from './run/told.ts';
import type { RunWork } from './worker/run-work.ts';
import { systemClock } from './xstate/delays.ts';
import { assertInsiders } from './xstate/insider.ts';

/** What a worker and `durable()` need of a runtime. */
interface Inside {
  readonly logger: (...args: unknown[]) => void;
  isClosed(): boolean;
  work(concurrency: number): Promise<RunWork>;
}

/** Lets them in. */
export let insideOf: (runtime: Runtime) => Inside;

const LEASE = 15_000;
const RECOVERIES = 10;
const POLL = 250;
const MONTH = 30 * 24 * 60 * 60 * 1000;
const GRACE = 5_000;

const runOf = ({ run }: { readonly run: Run }): Run => run;

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
  #starts = 0;
  readonly #machines: Machines;
  readonly #holding: Holding;
  #closing: Promise<void> | undefined;
  static {
    insideOf = (runtime) => ({
      logger: runtime.#context.logger,
      isClosed: () => runtime.#closing !== undefined,
      work: (concurrency) => runtime.#work(concurrency),
    });
  }

  readonly #watchers = new Set<(change: Change) => void>();
  readonly #followers = new Set<Follower>();
  readonly #watches = new Set<{ return(): Promise<unknown> }>();
  #delivery: Delivery | undefined;
  #steering: Steering | undefined;
  #recovery: Recovery | undefined;
  #keepingUp: KeepingUp | undefined;

  constructor(options: RuntimeOptions) {
    if (typeof options?.store?.commit !== 'function')
      throw new InvalidArgumentError(
        "createRuntime() needs a store, such as sqliteStore('runs.db') or memoryStore().",
      );
    assertInsiders();
    checkOptions(options);
    checkRetention(options.retention ?? {});
    checkNames(options.types ?? []);
    this.#options = options;
    this.#machines = new Machines(options.machines ?? []);
    const { store, limits, types = [], clock = systemClock, delays = 'deadline', inspect } = options;
    // XState's own default. Bound late, so that a test can watch it.
    // oxlint-disable-next-line no-console
    const { logger = (...args) => console.log(...args) } = options;
    this.#context = {
      store,
      lease: new Lease(store, limits?.lease ?? LEASE, logger, () => this.#holding.leaseLost()),
      types,
      clock,
      durability: options.durability ?? 'sync',
      delays,
      inspect,
      logger,
      replace: options.history === 'replace',
      recoveries: limits?.recoveries ?? RECOVERIES,
      answerBytes: limits?.answerBytes ?? Infinity,
      snapshotBytes: limits?.snapshotBytes ?? Infinity,
      forget: (core) => {
        this.#holding.forget(core);
        this.#recovery?.runLeft();
      },
      post: async (run, event, id) => (await this.#deliveries()).post(run, event, id),
      questionsChanged: (change) => {
        for (const changed of this.#watchers) changed(change);
      },
    };
    this.#holding = new Holding(this.#context, {
      machines: this.#machines,
      migrate: options.migrate,
      poll: this.#poll,
      engine: () => this.#load(),
    });
  }

  /**
   * Starts a run. Resolves when its first checkpoint is durable; a start that is refused leaves nothing behind.
   *
   * @throws {RunExistsError} where the id is taken, or was until a short while ago.
   * @throws {NotSerializableError} where the first state cannot be stored.
   */
  start<TMachine extends AnyStateMachine>(
    machine: TMachine,
    ...[options]: StartArguments<TMachine>
  ): Promise<Run<TMachine>> {
    try {
      return this.#start(machine, options ?? {}) as unknown as Promise<Run<TMachine>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #start(machine: AnyStateMachine, options: StartOptions<AnyStateMachine>): Promise<Run> {
    this.#holding.checkOpen();
    checkMachine(machine);
    const { id = crypto.randomUUID(), tags = [], metadata, durability, history, retention, input } = options;
    checkId('run', id);
    checkLabels(tags, metadata === undefined ? {} : metadata);
    checkOptions({ durability, history });
    if (retention) checkRetention(retention);
    const started = this.#holding.start(input, {
      id,
      machine,
      tags: [...tags],
      createdAt: this.#context.clock.now(),
      more: {
        // A UUID for each would cost more than all the rest of this.
        starter: `${this.#context.lease.owner} ${++this.#starts}`,
        ...(metadata && { metadata }),
        ...(durability && { durability }),
        ...(history && { history }),
        ...(retention && { retention: storableRetention(retention) }),
      },
    });
    if (!retention) return started.then(runOf);
    return started.then(({ run }) => this.#keepUp().then(() => run));
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
    this.#holding.checkOpen();
    const machine = typeof first === 'string' ? undefined : first;
    const id = typeof first === 'string' ? first : (second as string);
    const { wait = 0 } = (typeof first === 'string' ? (second as OpenOptions | undefined) : third) ?? {};
    checkMs('wait', wait);
    if (typeof first !== 'string') checkMachine(first);
    checkId('run', id);
    const { core, run } = await this.#holding.open(machine, id, wait, true);
    if (core.retention) await this.#keepUp();
    return run;
  }

  /** What a run that is held here says; where none is, or is just being let go of, what there is to say then. */
  #here<T>(id: string, use: (core: RunCore) => Promise<T>, elsewhere: () => Promise<T>): Promise<T> {
    const core = this.#holding.find(id)?.core;
    if (!core) return elsewhere();
    return use(core).catch((error: unknown) => {
      if (error instanceof RunClosedError && core.isReleased) return elsewhere();
      throw error;
    });
  }

  async #deliveries(): Promise<Delivery> {
    const { Delivery, context } = await this.#load();
    return (this.#delivery ??= new Delivery(context, this.#machines, this.#holding.borrow));
  }

  async #steerings(): Promise<Steering> {
    const { Steering, context } = await this.#load();
    return (this.#steering ??= new Steering(context, this.#holding, this.#poll));
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
  send(id: string, event: AnyEventObject, options: SendOptions = {}): Promise<Receipt> {
    try {
      this.#holding.checkOpen();
      checkId('run', id);
      checkEvent(id, event);
      if (options.id !== undefined) checkId('event', options.id);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#here(
      id,
      (core) => core.send(event, options),
      async () => (await this.#deliveries()).send(id, event, options),
    );
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
  answer(inputId: string, value: unknown, options: AnswerOptions = {}): Promise<Receipt> {
    let run: string;
    try {
      this.#holding.checkOpen();
      ({ run } = parseQuestionId(inputId));
      if (options.id !== undefined) checkId('answer', options.id);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#here(
      run,
      (core) => core.answer(inputId, value, options),
      async () => (await this.#deliveries()).answer(inputId, value, options),
    );
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
    this.#holding.checkOpen();
    const { concurrency = 10 } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new InvalidArgumentError(
        `'concurrency' is a number of runs, 1 or more; it was ${String(concurrency)}.`,
      );
    const { Recovery, context } = await this.#load();
    const recovering = {
      ...context,
      rest: this.#options.limits?.lease ?? LEASE,
      isHeld: (run: string) => this.#holding.has(run),
    };
    this.#recovery ??= new Recovery(recovering, this.#holding.borrow);
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
    this.#holding.checkOpen();
    checkId('run', id);
    await (await this.#steerings()).cancel(id, { by, reason });
  }

  /**
   * Pauses a run, wherever it is: from then on nothing starts, and what is in flight goes on to its end. Events, answers,
   * due delays and what effects come to wait in its inbox, also over restarts, until `resume()`. Resolves when that is so:
   * where another process holds the run, when that one has done it, or is gone. Twice is once.
   *
   * @throws {RunNotFoundError}
   * @throws {RunClosedError} where it is at its end.
   * @example
   * await runtime.pause('r-42', { by: 'ann@example.com', reason: 'the bank is down' });
   * (await runtime.get('r-42')).paused; // { by: 'ann@example.com', reason: 'the bank is down', at: 1788000000000 }
   */
  async pause(id: string, { by, reason }: PauseOptions = {}): Promise<void> {
    this.#holding.checkOpen();
    checkId('run', id);
    await (await this.#steerings()).pause(id, { by, reason });
  }

  /**
   * Has a paused run go on: what waits for it is delivered, in order, each delay that was due meanwhile once, as its policy
   * says; and then what was held back starts, as far as that has not made it superfluous. Where nobody has the run open it
   * goes on here, until it is at rest; where its machine is not known here, with whoever recovers it. A run that is not
   * paused stays as it is.
   *
   * @throws {RunNotFoundError}
   */
  async resume(id: string, { by, reason }: PauseOptions = {}): Promise<void> {
    this.#holding.checkOpen();
    checkId('run', id);
    await (await this.#steerings()).resume(id, { by, reason });
  }

  /**
   * Takes a run up again, out of quarantine or after it failed: from its last good checkpoint, or from the one at seq
   * `from`, which is appended as a new one: what it did since stays in its history. Its effects run again under the same
   * ids. One that is paused stays so: `resume()` has it go on from there. An `event` is delivered first, before anything of
   * it goes on: what that makes superfluous is not started.
   *
   * @throws {RunNotFoundError}
   * @throws {CheckpointNotFoundError} where there is none to go on from.
   * @throws {RunRunningError} where it is running here.
   * @throws {RunLockedError} where another holds it.
   * @throws what `open(id)` throws.
   * @example
   * for await (const { id } of runtime.list({ status: 'quarantined' })) await runtime.retry(id);
   */
  async retry(id: string, { from, event }: RetryRunOptions = {}): Promise<Run> {
    this.#holding.checkOpen();
    checkId('run', id);
    if (event !== undefined) checkEvent(id, event);
    const { paused } = await this.get(id);
    const held = this.#holding.find(id);
    if (held?.core.isRunning) throw new RunRunningError(id);
    await held?.run.release();
    const { retryRun, context } = await this.#load();
    await retryRun(context, id, { from, event });
    const run = await (held ? this.open(held.core.machine, id) : this.open(id));
    if (event !== undefined && !paused) await this.#holding.find(id)?.core.pausing.resume();
    return run;
  }

  /**
   * Makes a new run of a checkpoint of another, which stays as it is, wherever it is: with the same tags and metadata, and
   * `context` in place of what the root machine's context has under the same keys. Its effects have ids of their own: what
   * those in flight at the checkpoint had finished is not run again, and for the rest `onInterrupt` counts; delays go on as
   * their policy says, and open questions are asked anew. What waits in the other's inbox, and the actions of its turns,
   * stay with that one.
   *
   * @throws {RunNotFoundError}
   * @throws {CheckpointNotFoundError} where the checkpoint is not kept.
   * @throws {RunExistsError} where the new id is taken, or was until a short while ago.
   * @throws {RunClosedError} where the run was at its end by that checkpoint.
   * @throws {NotSerializableError} where `context` cannot be stored.
   * @throws what `open(id)` throws.
   * @example
   * const again = await runtime.fork('r-42', { at: 3, context: { amount: 80 }, reason: 'the amount was wrong' });
   * (await runtime.get(again.id)).forkedFrom; // { from: 'r-42', at: 3, reason: 'the amount was wrong' }
   */
  async fork(
    from: string,
    { at, id = crypto.randomUUID(), context: changes, reason }: ForkOptions = {},
  ): Promise<Run> {
    this.#holding.checkOpen();
    checkId('run', from);
    checkId('run', id);
    const { forkRun, context } = await this.#load();
    const given = this.#holding.find(from)?.core.machine;
    const runners = { machines: this.#machines, given, migrate: this.#options.migrate };
    const fork = { from, at, id, context: changes, reason };
    const machine = await this.#holding.make(id, () => forkRun(context, fork, runners));
    return this.open(machine, id);
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

  /**
   * Follows a run that another process or tab may hold, read only: what it commits is seen as soon as the store tells, or
   * within `limits.poll` milliseconds.
   *
   * @throws what `open()` throws, but for `RunLockedError`.
   * @example
   * const followed = await runtime.follow(wizard, 'mine');
   * followed.subscribe((snapshot) => render(snapshot));
   * takeOver.onclick = () => runtime.open(wizard, 'mine', { wait: 15_000 });
   */
  follow(id: string): Promise<Follower>;
  follow<TMachine extends AnyStateMachine>(machine: TMachine, id: string): Promise<Follower<TMachine>>;
  async follow(first: AnyStateMachine | string, second?: string): Promise<Follower> {
    this.#holding.checkOpen();
    const machine = typeof first === 'string' ? undefined : first;
    const id = typeof first === 'string' ? first : (second as string);
    if (machine) checkMachine(machine);
    checkId('run', id);
    const [{ context }, { Follower, viewRun }] = await Promise.all([this.#load(), loadReader()]);
    const read = (): Promise<Viewed> => viewRun(context, this.#machines, machine, id, this.#options.migrate);
    const { store, logger } = context;
    const forget = (gone: Follower): void => void this.#followers.delete(gone);
    const follower = new Follower({ store, logger, poll: this.#poll, read, forget }, await read());
    if (!isEnd(follower.status)) this.#followers.add(follower);
    return follower;
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
    this.#holding.checkOpen();
    checkId('run', id);
    await this.#holding.delete(id, this.#tombstone);
  }

  /**
   * Deletes runs that have ended, and old checkpoints, as `policy` says, or else as `retention` of the runtime does. In
   * little pieces, so that no turn waits for long. A run that is not at its end is never deleted, and every run can still
   * be opened. What another process holds is left for the next time.
   *
   * @throws {InvalidArgumentError} for a policy that says nothing, or nothing that can be.
   * @example
   * await runtime.prune({ finished: { olderThan: 30 * 86_400_000 }, history: { keepLast: 100 } });
   */
  async prune(policy: PrunePolicy = this.#options.retention ?? {}): Promise<PruneReport> {
    this.#holding.checkOpen();
    checkRetention(policy);
    if (!policy.finished && !policy.history)
      throw new InvalidArgumentError(
        'Say what may go: prune({ finished: { olderThan: 30 * 86_400_000 } }), or give createRuntime() a retention.',
      );
    const [{ context }, { Prune }] = await Promise.all([this.#load(), import('./pruning.ts')]);
    return new Prune({ ...this.#pruning(context), goesOn: () => !this.#closing }).by(policy);
  }

  #pruning(context: RunContext): Omit<PruneContext, 'goesOn'> {
    return {
      context,
      tombstone: this.#tombstone,
      has: (run) => this.#holding.has(run),
      find: (run) => this.#holding.find(run)?.core,
    };
  }

  get #tombstone(): number {
    return this.#options.retention?.tombstones ?? MONTH;
  }

  /** Deletes what may go as `retention` says, that of the runtime or of a run. */
  async #keepUp(): Promise<void> {
    const [{ context }, { KeepingUp }] = await Promise.all([this.#load(), import('./pruning.ts')]);
    const { retention = {} } = this.#options;
    if (!this.#closing) this.#keepingUp ??= new KeepingUp(this.#pruning(context), retention);
  }

  /**
   * Releases all runs, with 5,000 milliseconds of grace unless told otherwise, and gives up the lease. A recovery that is
   * under way takes up no more runs, and reports those that it has. The store stays open, and is asked nothing any more.
   */
  close(options?: ReleaseOptions): Promise<void> {
    return (this.#closing ??= this.#close(options));
  }

  async #close({ grace = GRACE }: ReleaseOptions = {}): Promise<void> {
    const recovered = this.#recovery?.close();
    this.#keepingUp?.close();
    for (const follower of this.#followers) follower.stop();
    for (const watch of this.#watches) void watch.return();
    try {
      await this.#holding.close(grace);
    } finally {
      await recovered;
      this.#delivery?.close();
      await this.#context.lease.end();
    }
  }

  async #work(concurrency: number): Promise<RunWork> {
    this.#holding.checkOpen();
    const { RunWork, context } = await this.#load();
    const lease = this.#options.limits?.lease ?? LEASE;
    const inside = { context, holding: this.#holding, machines: this.#machines, poll: this.#poll, lease };
    return new RunWork(inside, concurrency);
  }

  /** What runs runs. A page that only looks never loads it. */
  #load(): Promise<Engine> {
    if (this.#engine) return this.#engine;
    const engine = (this.#engine = loadEngine(this.#context));
    // Next time it may be there: a page may be without a connection for a while.
    const { retention } = this.#options;
    engine.then(
      () => (retention?.finished ?? retention?.history) && this.#keepUp().catch(this.#context.logger),
      () => (this.#engine = undefined),
    );
    return engine;
  }

  get #poll(): number {
    return this.#options.limits?.poll ?? POLL;
  }

  async #stored(id: string): Promise<StoredRun> {
    const [stored] = await this.#context.store.runs({ run: id, limit: 1 });
    if (!stored) throw new RunNotFoundError(id);
    return stored;
  }
}

/**
 * Opens the run of a machine, or starts it: a runtime for one run, for a browser page or a script. The same store object
 * and id give the same `Run` for as long as it is open, also where a component is mounted twice; one that was released is
 * opened anew.
 *
 * @example
 * const run = await durable(wizard, { store: indexedDBStore('wizard'), id: 'mine' });
 */
export function durable<TMachine extends AnyStateMachine>(
  machine: TMachine,
  options: StartOptions<TMachine> & { readonly id: string } & OpenOptions & RuntimeOptions,
): Promise<Run<TMachine>> {
  return runtimeOf(machine, options).ensure(machine, options);
}

/** The runtimes of `durable()`, by store and run. */
const known = new WeakMap<Store, Map<string, WeakRef<Runtime>>>();

function runtimeOf(machine: AnyStateMachine, options: { readonly id: string } & RuntimeOptions): Runtime {
  const { store, id, machines = [] } = options;
  const here = known.get(store)?.get(id)?.deref();
  if (here && !insideOf(here).isClosed()) return here;
  const runtime = createRuntime({ ...options, machines: [machine, ...machines] });
  const runtimes = known.get(store) ?? new Map<string, WeakRef<Runtime>>();
  known.set(store, runtimes);
  for (const [run, one] of runtimes) if (!one.deref()) runtimes.delete(run);
  runtimes.set(id, new WeakRef(runtime));
  return runtime;
}
