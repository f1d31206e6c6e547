/**
 * What the tests of the stores write.
 *
 * @module
 */
import type {
  CheckpointRow,
  Head,
  Outcome,
  Question,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  Store,
  StoredRun,
} from '../../src/store.ts';

export const owner = 'owner-1';
export const minute = 60_000;

export function head(change: Partial<Head> = {}): Head {
  return { machine: 'refund', status: 'running', createdAt: 1000, tags: [], more: '{}', ...change };
}

export function checkpoint(seq: number, change: Partial<CheckpointRow> = {}): CheckpointRow {
  return { seq, base: false, time: 2000 + seq, header: `header ${seq}`, body: `body ${seq}`, ...change };
}

/** The first commit of a run. */
export function creation(run: string, change: Partial<RunCommit> = {}): RunCommit {
  const first = checkpoint(1, { base: true });
  return { run, owner, fence: 1, create: true, expect: 0, head: head(), checkpoints: [first], ...change };
}

/** A commit with one more checkpoint. */
export function turn(run: string, seq: number, change: Partial<RunCommit> = {}): RunCommit {
  return { run, owner, fence: 1, expect: seq - 1, checkpoints: [checkpoint(seq)], ...change };
}

/** An open question. */
export function question(id: string, change: Partial<Question> = {}): Question {
  return { id, machine: 'refund', tags: [], opened: 3000, value: `value of ${id}`, ...change };
}

/** A commit with nothing but rows. */
export function puts(run: string, kind: RowKind, ...keys: readonly string[]): RunCommit {
  return { run, owner, fence: 1, put: keys.map((key) => ({ kind, key, value: `value of ${key}` })) };
}

/** Commits, and tells the status of each outcome. */
export async function statuses(store: Store, ...batch: RunCommit[]): Promise<Outcome['status'][]> {
  return (await store.commit(batch)).map((outcome) => outcome.status);
}

/** Commits what must go well. */
export async function commit(store: Store, ...batch: RunCommit[]): Promise<void> {
  for (const outcome of await store.commit(batch)) {
    if (outcome.status === 'failed') throw outcome.error;
    if (outcome.status !== 'committed') throw new Error(`The outcome was '${outcome.status}'.`);
  }
}

export async function find(store: Store, run: string): Promise<StoredRun | undefined> {
  return (await store.runs({ run, limit: 1 }))[0];
}

/** A commit that deletes its run. */
export function removal(run: string, change: Partial<RunCommit> = {}): RunCommit {
  return { run, owner, fence: 1, remove: minute, ...change };
}

/** The value of one row. */
export async function rowOf(
  store: Store,
  run: string,
  kind: RowKind,
  key: string,
): Promise<Row['value'] | undefined> {
  return (await store.rows(run, kind, { key }))[0]?.value;
}

/** The keys of rows, in their order. */
export async function keysOf(
  store: Store,
  run: string,
  kind: RowKind | 'inbox',
  scan: RowScan = {},
): Promise<string[]> {
  return (await store.rows(run, kind, scan)).map(({ key }) => key);
}

/** The ids of questions, in their order. */
export async function questionIds(store: Store, scan: Partial<QuestionScan> = {}): Promise<string[]> {
  return (await store.questions({ limit: 99, ...scan })).map(({ id }) => id);
}

/** The seqs that `load` answers with. */
export async function loaded(store: Store, run: string, at?: number): Promise<number[]> {
  return (await store.load(run, at)).map((row) => row.seq);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
