/** Follows a run that another may hold: shows what it commits, and writes nothing. */
import type { Actor, AnyStateMachine, Observer, SnapshotFrom, Subscription } from 'xstate';
import { RunClosedError } from '../errors.ts';
import type { PendingInput } from '../input/pending-input.ts';
import { isEnd } from '../run/status.ts';
import type { RunStatus, Store, StoredRun } from '../store.ts';
import { unref } from '../unref.ts';
import { CommittedActor } from '../xstate/committed-actor.ts';
import type { LiveActor, LiveSnapshot } from '../xstate/insider.ts';

/** A run as it was read. */
export interface Viewed {
  readonly machine: AnyStateMachine;
  /** Not started. */
  readonly root: LiveActor;
  readonly snapshot: LiveSnapshot;
  readonly stored: StoredRun;
  readonly pendingInputs: readonly PendingInput[];
}

/** The runtime that follows. */
export interface FollowContext {
  readonly store: Store;
  /** How often to look, in milliseconds. */
  readonly poll: number;
  readonly logger: (...args: unknown[]) => void;
  /** Reads the run. Throws `RunNotFoundError` where it is gone. */
  read(): Promise<Viewed>;
  /** It is not followed any more. */
  forget(follower: Follower): void;
}

/**
 * A run that is followed: read only, and a moment behind whoever holds it. `runtime.follow()` makes one. To go on with the
 * run here, open it: `runtime.open(id, { wait: 15_000 })` takes it over as soon as its holder lets go, or is gone.
 */
export class Follower<TMachine extends AnyStateMachine = AnyStateMachine> {
  readonly #context: FollowContext;
  readonly #actor: CommittedActor;
  #viewed: Viewed;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLooking = false;
  #isOver = false;
  #mute: (() => unknown) | undefined;

  /** @internal */
  constructor(context: FollowContext, viewed: Viewed) {
    this.#context = context;
    this.#viewed = viewed;
    this.#actor = new CommittedActor(viewed.root, {
      relay: () => {
        throw new RunClosedError(this.id, 'is only followed here; use runtime.send(), or open it');
      },
      stop: () => this.stop(),
    });
    if (isEnd(this.status)) this.stop();
    else void this.#listen();
  }

  get id(): string {
    return this.#viewed.stored.run;
  }

  get machine(): TMachine {
    return this.#viewed.machine as TMachine;
  }

  /** The seq of the checkpoint that is shown. */
  get seq(): number {
    return this.#viewed.stored.seq;
  }

  /** What the run was doing when it was last looked at. */
  get status(): RunStatus {
    return this.#viewed.stored.status;
  }

  /** The questions that it waited on when it was last looked at. */
  get pendingInputs(): readonly PendingInput[] {
    return this.#viewed.pendingInputs;
  }

  /** For XState's tools (`@xstate/react`, `waitFor`). It takes no events. */
  get actor(): Actor<TMachine> {
    return this.#actor as unknown as Actor<TMachine>;
  }

  /** The newest snapshot that was read. */
  getSnapshot(): SnapshotFrom<TMachine> {
    return this.#actor.getSnapshot() as SnapshotFrom<TMachine>;
  }

  /** Tells of new snapshots. Some may be left out where they follow each other quickly; the last one never is. */
  subscribe(
    observer: Observer<SnapshotFrom<TMachine>> | ((snapshot: SnapshotFrom<TMachine>) => void),
  ): Subscription {
    return this.actor.subscribe(observer as Observer<SnapshotFrom<TMachine>>);
  }

  /** Follows no longer. What was read stays readable. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#context.forget(this);
    void this.#mute?.();
  }

  async #listen(): Promise<void> {
    const { store, logger } = this.#context;
    this.#lookLater();
    try {
      const mute = await store.listen?.((run) => {
        if (run === this.id) this.#look();
      });
      if (this.#isOver) await mute?.();
      else this.#mute = mute;
    } catch (error) {
      logger('Savepoint looks at the run by itself, as the store cannot tell of it.', error);
    }
  }

  #lookLater(): void {
    clearTimeout(this.#timer);
    if (!this.#isOver) this.#timer = unref(setTimeout(() => this.#look(), this.#context.poll));
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#readChanges()
      .catch((error: unknown) =>
        this.#context.logger(`Savepoint could not look at run '${this.id}'; it is tried again.`, error),
      )
      .finally(() => {
        this.#isLooking = false;
        this.#lookLater();
      });
  }

  async #readChanges(): Promise<void> {
    const [stored] = await this.#context.store.runs({ run: this.id, limit: 1 });
    if (!stored) return this.stop();
    const { seq, status } = this.#viewed.stored;
    if (this.#isOver || (stored.seq === seq && stored.status === status)) return;
    this.#viewed = await this.#context.read();
    this.#actor.show(this.#viewed.snapshot);
    if (!this.#isOver) this.#actor.notify();
    if (isEnd(this.status)) this.stop();
  }
}
