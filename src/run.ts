/** A run: one durable instance of a machine, held by this runtime. */
import type {
  Actor,
  AnyStateMachine,
  EventFromLogic,
  Observer,
  OutputFrom,
  SnapshotFrom,
  Subscription,
} from 'xstate';
import type { Checkpoint, CheckpointInfo, HistoryQuery } from './history.ts';
import type { AnswerOptions } from './input/answers.ts';
import type { PendingInput } from './input/pending-input.ts';
import type { Receipt } from './run/receipt.ts';
import type { RunCore } from './run/run-core.ts';
import type { ReleaseOptions } from './runtime-options.ts';
import type { SendOptions } from './run/told.ts';
import type { RunStatus } from './store.ts';

/**
 * A run that this runtime holds, until it is released, comes to its end, or another takes it over. What changes it throws
 * `RunClosedError` from then on; what reads still works.
 */
export class Run<TMachine extends AnyStateMachine = AnyStateMachine> {
  readonly #core: RunCore;

  /** Made by `runtime.start()` and `runtime.open()`. */
  constructor(core: RunCore) {
    this.#core = core;
  }

  get id(): string {
    return this.#core.id;
  }

  get machine(): TMachine {
    return this.#core.machine as TMachine;
  }

  /** The seq of the newest checkpoint. Rises by one with each turn. */
  get seq(): number {
    return this.#core.seq;
  }

  /** What the run is doing, as of its newest checkpoint. */
  get status(): RunStatus {
    return this.#core.status;
  }

  /**
   * The live actor as XState's tools take it (`@xstate/react`, `waitFor`, `toPromise`), showing committed
   * snapshots only. An event that is sent to it is a turn like any other.
   */
  get actor(): Actor<TMachine> {
    return this.#core.actor as unknown as Actor<TMachine>;
  }

  /** The newest committed snapshot. */
  getSnapshot(): SnapshotFrom<TMachine> {
    return this.#core.actor.getSnapshot() as SnapshotFrom<TMachine>;
  }

  /** Tells of each committed snapshot, once a turn. */
  subscribe(
    observer: Observer<SnapshotFrom<TMachine>> | ((snapshot: SnapshotFrom<TMachine>) => void),
  ): Subscription {
    return this.actor.subscribe(observer as Observer<SnapshotFrom<TMachine>>);
  }

  /**
   * Sends an event to the run. Resolves when what it did is durable.
   *
   * @throws {InvalidArgumentError} where it is no event.
   * @throws {RunClosedError} where the run was released, is at its end, or was deleted.
   * @throws {NotSerializableError} where the turn cannot be stored; the run is then as it was before.
   * @throws {NotRestorableError} where the turn makes an actor that could not be brought back.
   * @throws {EventNotAcceptedError} with `required`.
   * @example
   * const { accepted, seq } = await run.send({ type: 'approve' }, { id: 'click-7', by: 'ann@example.com' });
   */
  send(event: EventFromLogic<TMachine>, options?: SendOptions): Promise<Receipt> {
    return this.#core.send(event, options);
  }

  /** The questions that the run waits on, as of its newest checkpoint. */
  get pendingInputs(): readonly PendingInput[] {
    return this.#core.desk.questions.pending;
  }

  /**
   * Answers a question of the run. Resolves when what the answer did is durable.
   *
   * @throws {InvalidInputError} where the question's schema does not take the answer; the question is still open.
   * @throws {InputClosedError} where somebody answered first, its deadline passed, or the run went on without it.
   * @throws {EventNotAcceptedError} where the state that asks does not take the answer; the question is still open.
   * @throws {RunClosedError} where the run was released, is at its end, or was deleted.
   * @example
   * const [question] = await run.waitForInput();
   * await run.answer(question.id, { approved: true }, { by: 'ann@example.com' });
   */
  answer(inputId: string, value: unknown, options: AnswerOptions = {}): Promise<Receipt> {
    return this.#core.answer(inputId, value, options);
  }

  /** Resolves with the open questions, as soon as there is one. Rejects with `RunClosedError` where none can come. */
  waitForInput(): Promise<readonly PendingInput[]> {
    return this.#core.waitForInput();
  }

  /** Resolves at a committed rest: only time, a person or an event from outside can go on. */
  settled(): Promise<void> {
    return this.#core.settled();
  }

  /** Resolves with the machine's output at its end; rejects with the machine's error. */
  done(): Promise<OutputFrom<TMachine>> {
    return this.#core.done() as Promise<OutputFrom<TMachine>>;
  }

  /** Lists the checkpoints, from old to new unless told otherwise. */
  history(query?: HistoryQuery): AsyncIterable<CheckpointInfo> {
    return this.#core.history(query);
  }

  /**
   * One checkpoint with its state.
   *
   * @throws {CheckpointNotFoundError} where it is not kept.
   * @throws {CorruptCheckpointError} where it, or one that it stands on, is damaged.
   */
  checkpoint(seq: number): Promise<Checkpoint> {
    return this.#core.checkpoint(seq);
  }

  /** Resolves when all turns so far are durable. */
  flush(): Promise<void> {
    return this.#core.flush();
  }

  /**
   * Lets go of the run: starts nothing new, lets effects go on for `grace` milliseconds, aborts the rest
   * (they start again when the run is opened), commits, and gives up the run for others to open.
   */
  release(options?: ReleaseOptions): Promise<void> {
    return this.#core.release(options);
  }
}
