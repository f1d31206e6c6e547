/**
 * The contract of a store: where runs live.
 *
 * A store knows no XState. It keeps encoded rows, hands them back in order, and lets one owner write
 * a run at a time. Every method may answer at once or with a promise; a store that answers at once
 * (SQLite, memory) gives its callers a turn without a detour over the event loop.
 *
 * Three rules make a store safe:
 * 1. `commit` is atomic for each run: all that one `RunCommit` holds is there afterwards, or nothing.
 * 2. Every write names its fence. A write under a fence that is no longer the run's changes nothing.
 * 3. What `commit` has answered `committed` to survives a crash, as far as the store's options say so.
 *
 * A `StoreError` with `outcome: 'unknown'` (thrown or rejected) means: it may have happened. Any other
 * exception, too. The core then asks with `runs({ run })` what is there.
 *
 * @module
 */

/** A value at once, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** All that a run can be doing. */
export const runStatuses = [
  'running',
  'waitingForInput',
  'sleeping',
  'idle',
  'paused',
  'done',
  'failed',
  'cancelled',
  'quarantined',
] as const;

/** What a run is doing, as far as its newest checkpoint tells. */
export type RunStatus = (typeof runStatuses)[number];

/** The part of a run that is listed without loading it. Replaced as a whole by a commit that carries one. */
export interface Head {
  /** The machine's id. */
  readonly machine: string;
  /** The machine's version, where it has one. */
  readonly version?: string | undefined;
  readonly status: RunStatus;
  /** When the earliest pending delay is due, in milliseconds since 1970, where there is one. */
  readonly due?: number | undefined;
  /** When the run was started, in milliseconds since 1970. Never changes. */
  readonly createdAt: number;
  readonly tags: readonly string[];
  /** Encoded by the core: metadata, the error of a quarantined run. Opaque to the store. */
  readonly more: string;
}

/** One checkpoint as it is stored. */
export interface CheckpointRow {
  readonly seq: number;
  /** True: `body` is the whole state. False: `body` is what changed since the row before. */
  readonly base: boolean;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Encoded by the core: cause, state value, and on a base the definition that wrote it. */
  readonly header: string;
  readonly body: string;
}

/** A checkpoint without its body. */
export interface CheckpointSummary extends Omit<CheckpointRow, 'body'> {
  /** The stored size of `body`, in bytes or in UTF-16 code units, whichever the store has at hand. */
  readonly bytes: number;
  /** Why the store cannot read this one, where it finds out by itself: `header` is empty then, and others are well. */
  readonly damage?: Error | undefined;
}

/**
 * What a row beside the checkpoints holds.
 * - `event`: the receipt of an event id.
 * - `blob`: a binary value, by its content's hash.
 * - `step`: what is journaled of an effect.
 * - `outbox`: custom actions of a turn that may not have run.
 * - `asked`: how often a question was opened.
 * - `answer`: what became of a question that is closed, or of an answer that came to nothing.
 */
export type RowKind = 'event' | 'blob' | 'step' | 'outbox' | 'asked' | 'answer';

/** A row of one run, unique by kind and key. */
export interface Row {
  readonly kind: RowKind;
  readonly key: string;
  readonly value: string | Uint8Array;
}

/** Which rows of a run to read, ordered by key, code unit by code unit. */
export interface RowScan {
  /** Only the row with this key. */
  readonly key?: string | undefined;
  /** Only keys that begin with this. */
  readonly prefix?: string | undefined;
  /** Only keys behind this one. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** What somebody left for a run. */
export interface Message {
  /** Unique among the messages that wait for the run. */
  readonly id: string;
  /** Encoded by the core. */
  readonly value: string;
}

/**
 * The answer to `enqueue`.
 * - `known`: a message with the id waits already, or the row that was named is there: its value.
 * - `missing`: there is no such run. `deleted`: there was one, and its tombstone still stands.
 */
export type Enqueued =
  | { readonly status: 'queued' }
  | { readonly status: 'known'; readonly value: string }
  | { readonly status: 'missing' }
  | { readonly status: 'deleted' };

/** An open question of a run. */
export interface Question {
  /** Unique in the whole store. */
  readonly id: string;
  /** The id of the run's machine. */
  readonly machine: string;
  readonly assignee?: string | undefined;
  /** The run's. */
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly opened: number;
  /** Encoded by the core. */
  readonly value: string;
}

/** A question as it is listed. */
export interface StoredQuestion extends Question {
  readonly run: string;
  /** Why the store cannot read this one, where it finds out by itself: `value` is empty then, and others are well. */
  readonly damage?: Error | undefined;
}

/** Which open questions to list. All that is given must hold. Ordered by `opened`, then by id. */
export interface QuestionScan {
  readonly id?: string | undefined;
  readonly run?: string | undefined;
  readonly machine?: string | undefined;
  readonly assignee?: string | undefined;
  readonly tag?: string | undefined;
  /** Opened before this. */
  readonly openedTo?: number | undefined;
  /** Continue behind this question. */
  readonly after?: Pick<Question, 'opened' | 'id'> | undefined;
  /** At most so many; fewer mean that there are no more. */
  readonly limit: number;
}

/** All that one commit writes for one run: everything or nothing. */
export interface RunCommit {
  readonly run: string;
  /** Who writes. The run's owner must be this one, and its fence must be `fence`. */
  readonly owner: string;
  readonly fence: number;
  /**
   * The first commit of a run: it must not exist and must have left no tombstone, else the outcome is
   * `exists`. The run is then held by `owner` under `fence`.
   */
  readonly create?: boolean | undefined;
  /** The seq of the newest checkpoint that must be there; given when `checkpoints` is not empty (0 at `create`). */
  readonly expect?: number | undefined;
  /** New checkpoints, oldest first, all newer than `expect`. */
  readonly checkpoints?: readonly CheckpointRow[] | undefined;
  /** Deletes the checkpoints with a seq below this one, which is a base: all of them, or those from `dropFrom` on. */
  readonly dropBefore?: number | undefined;
  /** The smallest seq that `dropBefore` deletes, so that much can be deleted in slices. */
  readonly dropFrom?: number | undefined;
  readonly head?: Head | undefined;
  /** Inserted, or written over what has the same kind and key; after `drop`. */
  readonly put?: readonly Row[] | undefined;
  readonly drop?: readonly Pick<Row, 'kind' | 'key'>[] | undefined;
  /** Questions that open, or that replace the open one with the same id; after `close`. */
  readonly ask?: readonly Question[] | undefined;
  /** The ids of questions that are open no longer. */
  readonly close?: readonly string[] | undefined;
  /** The ids of messages that are delivered: they are gone from the inbox. */
  readonly take?: readonly string[] | undefined;
  /** The ids of messages. Where one of them waits, nothing is written: the outcome is `taken`. */
  readonly unless?: readonly string[] | undefined;
  /** Gives up the run together with this commit. */
  readonly release?: boolean | undefined;
  /**
   * Deletes the run with all its rows, messages and questions, and leaves a tombstone for so many
   * milliseconds: until then the id cannot be created. Such a commit says nothing else.
   */
  readonly remove?: number | undefined;
}

/**
 * What became of one run's part of a batch.
 * - `exists`: the id is taken, or was until it was deleted (`create` only).
 * - `conflict`: another checkpoint than `expect` is the newest one.
 * - `fenced`: the run is no longer this owner's under this fence, or is gone.
 * - `taken`: a message that was named by `unless` waits.
 * - `failed`: nothing was written. `retry`: the same again may go well (a full disk, a busy file).
 */
export type Outcome =
  | { readonly status: 'committed' }
  | { readonly status: 'exists' }
  | { readonly status: 'conflict' }
  | { readonly status: 'fenced' }
  | { readonly status: 'taken'; readonly message: Message }
  | { readonly status: 'failed'; readonly error: Error; readonly retry: boolean };

/** The answer to `acquire`. */
export type Acquired =
  | { readonly status: 'acquired'; readonly fence: number }
  | {
      readonly status: 'held';
      /** Who holds the run, for people: a process id and a host, as far as the store knows it. */
      readonly by: string;
      /** When the lease ends if it is not renewed, in milliseconds since 1970 by the store's clock. */
      readonly until: number;
    }
  | { readonly status: 'missing' }
  | { readonly status: 'deleted' };

/** A run as it is listed. */
export interface StoredRun extends Head {
  readonly run: string;
  /** The newest checkpoint's. */
  readonly seq: number;
  /** The newest checkpoint's time. */
  readonly updatedAt: number;
  /** Rises by one each time the run is acquired. */
  readonly fence: number;
  /** Why the store cannot read this one, where it finds out by itself: `more` is empty then, and others are well. */
  readonly damage?: Error | undefined;
}

/** Which runs to list. All that is given must hold. Ordered by `createdAt`, then by run id. */
export interface RunScan {
  readonly run?: string | undefined;
  readonly status?: readonly RunStatus[] | undefined;
  readonly machine?: string | undefined;
  readonly tag?: string | undefined;
  /** `createdAt` at or after this. */
  readonly createdFrom?: number | undefined;
  /** `createdAt` before this. */
  readonly createdTo?: number | undefined;
  /** `due` at or before this. The list is then ordered by `due`, then by run id, and has no `after`. */
  readonly dueTo?: number | undefined;
  /** Held by this owner. */
  readonly owner?: string | undefined;
  /** Messages wait for it. */
  readonly undelivered?: true | undefined;
  /** Nobody holds it: it has no owner, or one whose lease has ended, or who is known to be gone. */
  readonly free?: true | undefined;
  readonly descending?: boolean | undefined;
  /** Continue behind this run. */
  readonly after?: Pick<StoredRun, 'createdAt' | 'run'> | undefined;
  /** At most so many; fewer mean that there are no more. */
  readonly limit: number;
}

/** Which checkpoints of a run to list. */
export interface HistoryScan {
  /** The smallest seq, included. */
  readonly from?: number | undefined;
  /** The largest seq, included. */
  readonly to?: number | undefined;
  readonly descending?: boolean | undefined;
  readonly limit: number;
}

/** What a store cannot do, so that nobody relies on it. */
export interface StoreCapabilities {
  /** False: only this object sees its runs; no second handle, tab or process does. */
  readonly shared?: false;
  /** False: nothing is left when this object, or its process, is gone. */
  readonly durable?: false;
}

/** Where runs live. See the module's comment for the rules. */
export interface Store {
  /**
   * Registers an owner of runs, or renews its lease: from now on, by the store's clock, it ends in
   * `ms` milliseconds. 0 gives up the owner and every run that it holds.
   */
  lease(owner: string, ms: number): Awaitable<void>;

  /**
   * Takes a run for an owner whose lease is registered, under a fence that is one higher than any
   * before. `held` while another owner's lease lasts; the same owner is given a new fence. A store may
   * free a holder before its lease ends only if it knows for sure that the holder is gone.
   */
  acquire(run: string, owner: string): Awaitable<Acquired>;

  /** Writes a batch: atomic for each run, an outcome for each run, in the order of the batch. */
  commit(batch: readonly RunCommit[]): Awaitable<Outcome[]>;

  /**
   * The newest base at or before `at` (default: the newest checkpoint) and all rows from there up to
   * `at`, oldest first, read at one instant. Empty where no checkpoint has the seq `at`.
   */
  load(run: string, at?: number): Awaitable<CheckpointRow[]>;

  /**
   * Leaves a message for a run: by anyone, without a fence. `unless` names a row of the run: where it is
   * there, nothing is left.
   */
  enqueue(
    run: string,
    message: Message,
    unless?: { readonly kind: RowKind; readonly key: string },
  ): Awaitable<Enqueued>;

  /** Reads rows of a run. With `inbox`: the messages that wait for it, in the order in which they came. */
  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Awaitable<Pick<Row, 'key' | 'value'>[]>;

  /** Lists open questions over all runs. */
  questions(scan: QuestionScan): Awaitable<StoredQuestion[]>;

  /** Lists runs. With `run` it is the way to read one of them. */
  runs(scan: RunScan): Awaitable<StoredRun[]>;

  /** Lists the checkpoints of a run by seq. */
  history(run: string, scan: HistoryScan): Awaitable<CheckpointSummary[]>;

  /** Closes files and connections. Later calls fail with a `StoreError`. */
  close(): Awaitable<void>;

  /**
   * Calls `wake` with a run's id soon after another handle has left a message for it or has committed to
   * it, as well as the store can tell. Only ever a hint: a call may be missing, late or for nothing, and
   * whoever listens looks by themselves as well. Absent where the store cannot tell.
   *
   * @returns what ends it.
   */
  listen?(wake: (run: string) => void): Awaitable<() => Awaitable<void>>;

  /** What this store cannot do. Absent: it can do all of it. */
  readonly capabilities?: StoreCapabilities;
}
