/** Stores that a test directs: it decides when a commit is answered, and how. */
import { StoreError } from 'savepoint';
import type { Store } from 'savepoint';
import type { Awaitable, Outcome, RunCommit } from '../../src/store.ts';

/** Answers one batch. `commit` lets the store behind write what it is given, and answers as it does. */
export type Stage = (
  batch: readonly RunCommit[],
  commit: (batch: readonly RunCommit[]) => Awaitable<Outcome[]>,
) => Awaitable<Outcome[]>;

/** Nothing is written, and the same again may go well. */
export const failsForNow: Stage = (batch) => batch.map(() => failed(true));

/** Nothing is written, and never will be. */
export const refuses: Stage = (batch) => batch.map(() => failed(false));

/** Everything is written, and the answer is lost. */
export const losesReply: Stage = async (batch, commit) => {
  await commit(batch);
  throw new StoreError('The connection died in COMMIT.', 'unknown');
};

/** Nothing is written, and that is not known. */
export const losesCommit: Stage = () => {
  throw new StoreError('The connection died in COMMIT.', 'unknown');
};

/** The commits that `takes` says so of are refused for good, the others in the batch are written. */
export const refusesWhere =
  (takes: (commit: RunCommit) => boolean): Stage =>
  async (batch, commit) => {
    const outcomes = await commit(batch.filter((one) => !takes(one)));
    return batch.map((one) => (takes(one) ? failed(false) : outcomes.shift()!));
  };

const failed = (retry: boolean): Outcome => ({
  status: 'failed',
  error: new StoreError(retry ? 'The disk is full.' : 'The value is too large.', 'failed'),
  retry,
});

/** The store behind, with some methods replaced. */
export const overriding = (store: Store, methods: Partial<Store>): Store => ({
  lease: (owner, ms) => store.lease(owner, ms),
  acquire: (run, owner) => store.acquire(run, owner),
  commit: (batch) => store.commit(batch),
  load: (run, at) => store.load(run, at),
  enqueue: (run, message, unless) => store.enqueue(run, message, unless),
  rows: (run, kind, scan) => store.rows(run, kind, scan),
  questions: (scan) => store.questions(scan),
  runs: (scan) => store.runs(scan),
  history: (run, scan) => store.history(run, scan),
  close: () => store.close(),
  ...methods,
});

export interface StagedStore extends Store {
  /** Every batch that was asked to be committed, in order. */
  readonly batches: (readonly RunCommit[])[];
  /** The stages of the next batches, one each; after them, and at first, the store behind answers. */
  next(...stages: Stage[]): void;
  /** Every batch goes through this stage, until another call says otherwise. */
  always(stage: Stage | undefined): void;
}

/** A store whose answers to `commit` a test can choose. It answers at once where the store behind does. */
export function stagedStore(behind: Store): StagedStore {
  const batches: (readonly RunCommit[])[] = [];
  const coming: Stage[] = [];
  let standing: Stage | undefined;
  const write = (batch: readonly RunCommit[]): Awaitable<Outcome[]> => behind.commit(batch);
  return {
    ...overriding(behind, {
      commit: (batch) => {
        batches.push(batch);
        return (coming.shift() ?? standing ?? ((all) => write(all)))(batch, write);
      },
    }),
    batches,
    next: (...stages) => void coming.push(...stages),
    always: (stage) => void (standing = stage),
  };
}

export interface SlowStore extends Store {
  /** How many commits wait to be written. */
  readonly waiting: number;
  /** Lets the oldest waiting commit be written, and waits until its answer has arrived. */
  letOne(): Promise<void>;
  /** Lets all waiting commits be written, and all that come later. */
  letAll(): Promise<void>;
}

/** An asynchronous store whose commits wait until a test lets them go. Its other methods answer promptly. */
export function slowStore(behind: Store): SlowStore {
  const gates: (() => void)[] = [];
  let open = false;
  const letOne = async (): Promise<void> => {
    gates.shift()?.();
    await nextJob();
  };
  return Object.defineProperty(
    {
      ...asynchronous(behind),
      commit: async (batch: readonly RunCommit[]) => {
        if (!open) await new Promise<void>((resolve) => void gates.push(resolve));
        return behind.commit(batch);
      },
      letOne,
      letAll: async () => {
        open = true;
        while (gates.length > 0) await letOne();
      },
    },
    'waiting',
    { get: () => gates.length },
  ) as SlowStore;
}

/** The store behind, each answer a promise that takes `delay()` milliseconds; 0 is the next job. */
export function asynchronous(behind: Store, delay: () => number = () => 0): Store {
  const later = async <T>(call: () => Awaitable<T>): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, delay()));
    return call();
  };
  return {
    lease: (owner, ms) => later(() => behind.lease(owner, ms)),
    acquire: (run, owner) => later(() => behind.acquire(run, owner)),
    commit: (batch) => later(() => behind.commit(batch)),
    load: (run, at) => later(() => behind.load(run, at)),
    enqueue: (run, message, unless) => later(() => behind.enqueue(run, message, unless)),
    rows: (run, kind, scan) => later(() => behind.rows(run, kind, scan)),
    questions: (scan) => later(() => behind.questions(scan)),
    runs: (scan) => later(() => behind.runs(scan)),
    history: (run, scan) => later(() => behind.history(run, scan)),
    close: () => later(() => behind.close()),
  };
}

export interface MortalStore extends Store {
  /** From now on it answers nothing any more, as for a process that was killed. */
  die(): void;
}

/** A store for a runtime that a test wants to crash. What it wrote is in the store behind. */
export function mortalStore(behind: Store): MortalStore {
  let dead = false;
  const alive = <T>(call: () => Awaitable<T>): Awaitable<T> => (dead ? new Promise<T>(() => {}) : call());
  return {
    lease: (owner, ms) => alive(() => behind.lease(owner, ms)),
    acquire: (run, owner) => alive(() => behind.acquire(run, owner)),
    commit: (batch) => alive(() => behind.commit(batch)),
    load: (run, at) => alive(() => behind.load(run, at)),
    enqueue: (run, message, unless) => alive(() => behind.enqueue(run, message, unless)),
    rows: (run, kind, scan) => alive(() => behind.rows(run, kind, scan)),
    questions: (scan) => alive(() => behind.questions(scan)),
    runs: (scan) => alive(() => behind.runs(scan)),
    history: (run, scan) => alive(() => behind.history(run, scan)),
    close: () => alive(() => behind.close()),
    die: () => void (dead = true),
  };
}

/** Waits until everything that is ready now has been done: microtasks, and timers of 0 milliseconds. */
export const nextJob = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
