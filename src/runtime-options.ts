/** What runtimes are made with, and what their calls take. */
import type { AnyEventObject, AnyStateMachine, InputFrom } from 'xstate';
import type { CustomType } from './checkpoint/custom-type.ts';
import type { Migrate } from './run/open-run.ts';
import type { Metadata } from './run/run-info.ts';
import type { Retention, RunRetention } from './prune/retention.ts';
import type { Store } from './store.ts';
import type { Durability } from './turns/turn-log.ts';
import type { Clock } from './xstate/delays.ts';
import type { Inspect } from './xstate/host.ts';
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
  /**
   * How many bytes the state of a run may have as it is stored, without its binary values. A turn that makes it larger is
   * refused with a `SnapshotTooLargeError`. Default: any number.
   */
  readonly snapshotBytes?: number;
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
  /**
   * What is deleted by itself while the runtime is in use, and how long deleted runs keep their ids. Default: nothing is
   * deleted; 30 days.
   */
  readonly retention?: Retention;
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
  /** Of this run, in place of the runtime's. */
  readonly history?: 'append' | 'replace';
  /**
   * What may be deleted of this run, and when, in place of what the runtime's `retention` or a `prune()` says. `finished`:
   * the run itself, once it has ended. Looked after by runtimes that have a `retention`, or that started or opened such a run.
   */
  readonly retention?: RunRetention;
} & (undefined extends InputFrom<TMachine>
  ? { readonly input?: InputFrom<TMachine> }
  : { readonly input: InputFrom<TMachine> });

/** `options` may be left out where the machine needs no input. */
export type StartArguments<TMachine extends AnyStateMachine> =
  undefined extends InputFrom<TMachine>
    ? [options?: StartOptions<TMachine>]
    : [options: StartOptions<TMachine>];

/** What is said of a cancellation. Kept with the run, and told to whoever wants more of it. */
export interface CancelOptions {
  /** Who cancels. */
  readonly by?: string;
  readonly reason?: string;
}

/** What is said of a pause. Told to whoever looks at the run. */
export interface PauseOptions {
  /** Who pauses, or has the run go on. */
  readonly by?: string;
  readonly reason?: string;
}

/** How a run is taken up again. */
export interface RetryRunOptions {
  /** The seq of the checkpoint to go on from. Default: the last good one. */
  readonly from?: number;
  /** What it is sent before anything of it goes on. */
  readonly event?: AnyEventObject;
}

/** How a run is forked. */
export interface ForkOptions {
  /** The seq of the checkpoint to begin with. Default: the newest. */
  readonly at?: number;
  /** The new run's id. Default: a random one. */
  readonly id?: string;
  /** Takes the place of what the root machine's context has under the same keys. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Kept with the new run, as `forkedFrom` of its `RunInfo`. */
  readonly reason?: string;
}

/** How a run is opened. */
export interface OpenOptions {
  /** How long to wait for a run that another holds, in milliseconds. Default 0. */
  readonly wait?: number;
}

/** How a run is let go of. */
export interface ReleaseOptions {
  /** How long effects that run may go on until they end, in milliseconds. Default 0. */
  readonly grace?: number;
}
