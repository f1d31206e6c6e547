/** A run as it is listed: without loading its actor. */
import type { AnyStateMachine } from 'xstate';
import { StoreError } from '../errors.ts';
import type { PrunePolicy } from '../prune/retention.ts';
import type { Head, RunStatus, StoredRun } from '../store.ts';
import type { Durability } from '../turns/turn-log.ts';

/** Whatever a program wants to keep beside a run, and to find it by. Must be JSON. */
export type Metadata = Readonly<Record<string, string | number | boolean | null>>;

/** A run as it is listed. */
export interface RunInfo {
  readonly id: string;
  /** The id of its machine. */
  readonly machine: string;
  /** The version of its machine, where it has one. */
  readonly version: string | undefined;
  readonly status: RunStatus;
  /** Of the newest checkpoint. */
  readonly seq: number;
  readonly tags: readonly string[];
  readonly metadata: Metadata;
  /** When it was started, in milliseconds since 1970. */
  readonly createdAt: number;
  /** When its newest checkpoint was taken, in milliseconds since 1970. */
  readonly updatedAt: number;
  /** When its next delay is due, in milliseconds since 1970. */
  readonly due: number | undefined;
  /** By whom and why it was paused, and when, in milliseconds since 1970. */
  readonly paused: Paused | undefined;
  /** The run that it was forked from, at which checkpoint, and why. */
  readonly forkedFrom: ForkedFrom | undefined;
  /** Why it is quarantined, or, in a list, why what is stored of it cannot be read. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
}

/** What is said of a pause. */
export interface Paused {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** Where a run comes from that was forked. */
export interface ForkedFrom {
  /** The id of the run that it was forked from. */
  readonly from: string;
  /** The seq of the checkpoint that it began with. */
  readonly at: number;
  readonly reason?: string | undefined;
}

/** Which runs to list. All that is given must hold. */
export interface ListQuery {
  readonly status?: RunStatus | readonly RunStatus[];
  /** The id of a machine. */
  readonly machine?: string;
  readonly tag?: string;
  /** Each of these must be there with just this value. */
  readonly metadata?: Metadata;
  /** Started at or after this. */
  readonly createdFrom?: number | Date;
  /** Started before this. */
  readonly createdTo?: number | Date;
  /** By the time of the start, then by id; `asc` by default. */
  readonly order?: 'asc' | 'desc';
  /** Continue behind the run with this id, of an earlier listing in the same order. */
  readonly after?: string;
  /** At most so many. */
  readonly limit?: number;
}

/** What a head holds that stores do not look at. */
export interface More {
  readonly metadata?: Metadata | undefined;
  /** Names the start: by it one of unknown outcome is told from another's. */
  readonly starter: string;
  /** Where the run has another one than its runtime. */
  readonly durability?: Durability | undefined;
  readonly history?: 'append' | 'replace' | undefined;
  readonly retention?: PrunePolicy | undefined;
  readonly forkedFrom?: ForkedFrom | undefined;
  /** When the run was released last, by the clock. */
  readonly released?: number | undefined;
  /** Delays whose policy moved them after the newest checkpoint: when they are due, by their key. */
  readonly moved?: Readonly<Record<string, number>> | undefined;
  /** The keys of effects that had not been started when the run was released. */
  readonly fresh?: readonly string[] | undefined;
  readonly error?: { readonly name: string; readonly message: string } | undefined;
  /** How often it was opened while it was running, without having come further. */
  readonly attempts?: number | undefined;
  /** Effects that were cut off: how often each was started, by its key. */
  readonly interrupted?: Readonly<Record<string, number>> | undefined;
  /** The keys of effects that only wait. */
  readonly parked?: readonly string[] | undefined;
  /** The keys of effects whose outcome waits in the inbox. */
  readonly finished?: readonly string[] | undefined;
  readonly paused?: Paused | undefined;
  /** By whom and why it was cancelled. */
  readonly cancelled?: { readonly by?: string | undefined; readonly reason?: string | undefined } | undefined;
}

/** What is said of a run from its start on. */
export const ownOf = ({ starter, metadata, durability, history, retention, forkedFrom }: More): More => ({
  starter,
  metadata,
  durability,
  history,
  retention,
  forkedFrom,
});

/** Is only a run's newest checkpoint to be readable? Its own word counts before the runtime's. */
export const keepsNewestOnly = ({ history }: More, { replace }: { readonly replace: boolean }): boolean =>
  history === undefined ? replace : history === 'replace';

/** What a run is known by, from its start on. */
export interface RunIdentity {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly more: More;
}

/** Throws what the store says of a head that it cannot read, or a `StoreError` where it is none. */
export function readMore({ run, more, damage }: Pick<StoredRun, 'run' | 'more' | 'damage'>): More {
  if (damage) throw damage;
  try {
    const read = JSON.parse(more) as More | null;
    if (typeof read === 'object' && read !== null) return read;
  } catch {
    // As any other text that is no head.
  }
  throw new StoreError(
    `The head of run '${run}' is damaged: it is not what Savepoint writes. Restore it from a backup of the store.`,
    'failed',
  );
}

/** What is listed of a run, to be written anew. */
export function headOf({ machine, version, status, due, createdAt, tags, more }: StoredRun): Head {
  return { machine, version, status, due, createdAt, tags, more };
}

export function toInfo(stored: StoredRun): RunInfo {
  const { metadata = {}, error, paused, forkedFrom } = readMore(stored);
  return { ...readable(stored), metadata, paused, forkedFrom, error };
}

/** As it is listed among others, which are not to suffer from one that is damaged. */
export function toListed(stored: StoredRun): RunInfo {
  try {
    return toInfo(stored);
  } catch (damage) {
    const { name, message } = damage as Error;
    return {
      ...readable(stored),
      metadata: {},
      paused: undefined,
      forkedFrom: undefined,
      error: { name, message },
    };
  }
}

const readable = (stored: StoredRun): Omit<RunInfo, 'metadata' | 'paused' | 'forkedFrom' | 'error'> => {
  const { run: id, machine, version, status, seq, tags, createdAt, updatedAt, due } = stored;
  return { id, machine, version, status, seq, tags, createdAt, updatedAt, due };
};
