/**
 * What the tests of the stores write.
 *
 * @module
 */
import type {
  CheckpointRow,
  Head,
  HistoryScan,
  Outcome,
  Question,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  RunScan,
  Store,
  StoredRun,
} from '../../src/store.ts';

/** The one that holds the runs of a case, unless it says otherwise. */
export const owner = 'owner-1';
/** In milliseconds. */
export const minute = 60_000;
/** All kinds of rows. */
export const rowKinds: readonly RowKind[] = ['event', 'blob', 'step', 'outbox', 'asked', 'answer'];

/** The listed part of a run. */
export function head(change: Partial<Head> = {}): Head {
  return { machine: 'refund', status: 'running', createdAt: 1000, tags: [], more: '{}', ...change };
}

/** A checkpoint, by default a delta. */
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

/** A run as it is listed, if it is there. */
export async function find(store: Store, run: string): Promise<StoredRun | undefined> {
  return (await store.runs({ run, limit: 1 }))[0];
}

/** The ids of runs, in their order. */
export async function runIds(store: Store, scan: Partial<RunScan> = {}): Promise<string[]> {
  return (await store.runs({ limit: 99, ...scan })).map(({ run }) => run);
}

/** All that can be read of a run, to see whether it has changed. */
export async function contents(store: Store, run: string): Promise<unknown> {
  const rows = async (kind: RowKind | 'inbox'): Promise<unknown> => [kind, await store.rows(run, kind, {})];
  return {
    listed: await store.runs({ run, limit: 1 }),
    owned: await store.runs({ run, owner, limit: 1 }),
    history: await store.history(run, { limit: 99 }),
    newest: await store.load(run),
    rows: await Promise.all([...rowKinds, 'inbox' as const].map(rows)),
    questions: await store.questions({ run, limit: 99 }),
  };
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

/** Waits so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The seqs that `history` answers with. */
export async function historyOf(
  store: Store,
  run: string,
  scan: HistoryScan = { limit: 99 },
): Promise<number[]> {
  return (await store.history(run, scan)).map(({ seq }) => seq);
}

/** Makes a run with checkpoints from 1, a base, to `last`. */
export async function checkpointed(
  store: Store,
  run: string,
  { last, bases = [] }: { readonly last: number; readonly bases?: readonly number[] },
): Promise<void> {
  await commit(store, creation(run));
  for (let seq = 2; seq <= last; seq++) {
    await commit(store, turn(run, seq, { checkpoints: [checkpoint(seq, { base: bases.includes(seq) })] }));
  }
}

/** Leaves messages for a run, which must be new there. */
export async function leave(store: Store, run: string, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { status } = await store.enqueue(run, { id, value: `value of ${id}` });
    if (status !== 'queued') throw new Error(`The message '${id}' was not queued: '${status}'.`);
  }
}
