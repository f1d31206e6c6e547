/**
 * A store of your own: Savepoint on LMDB, for all processes of one machine. It has records by key, a transaction
 * around each write, and checks before it. test/lmdb-store.test.ts shows that it keeps every promise of a store.
 */
import { type Database, open, type RangeOptions } from 'lmdb';
import type { CheckpointRow, Outcome, Row, RunCommit, Store, StoredQuestion } from 'savepoint';
import { StoreError } from 'savepoint';
import { type Entry, listHistory, listMessages, listQuestions, listRows, listRuns } from './lists.ts';

type Key = (string | number)[];

/** Opens the store in a folder, which is made where it is missing. */
export function lmdbStore(folder: string): Store {
  // A commit is on the disk when it is answered: its flush may not overlap with the next one.
  const root = open({ path: folder, overlappingSync: false });
  const runs = root.openDB<Entry, string>('runs', {});
  const checkpoints = root.openDB<CheckpointRow, Key>('checkpoints', {});
  const rows = root.openDB<Row, Key>('rows', {});
  const questions = root.openDB<StoredQuestion, string>('questions', {});
  const leases = root.openDB<number, string>('leases', {});
  const tombstones = root.openDB<number, string>('tombstones', {});

  // LMDB's keys know no NUL, so ids are quoted. What a run has lies together, in order.
  const id = (text: string): string => JSON.stringify(text);
  const seqs = (run: string, from = 0, to = Infinity) => ({ start: [id(run), from], end: [id(run), to + 1] });
  const within = (...keys: string[]) => ({ start: keys, end: [...keys, '\uffff'] });
  const all = <T, K extends Key | string>(table: Database<T, K>, range: RangeOptions = {}): T[] =>
    [...table.getRange(range)].map(({ value }) => value);
  const clear = <T>(table: Database<T, Key>, range: RangeOptions): void =>
    table.getKeys(range).forEach((key) => table.removeSync(key));
  const isLive = (table: typeof leases, name: string): boolean => (table.get(id(name)) ?? 0) > Date.now();
  const isHeld = ({ owner }: Entry): boolean => owner !== undefined && isLive(leases, owner);
  const absence = (run: string) => (isLive(tombstones, run) ? 'deleted' : 'missing');

  // A call sees what other processes wrote before it. A write is a transaction: all of it or nothing.
  let closing: Promise<void> | undefined;
  function read<T>(body: () => T): T {
    if (closing) throw new StoreError(`The store in ${folder} is closed.`, 'failed');
    root.resetReadTxn();
    return body();
  }
  const write = <T>(body: () => T): T => read(() => root.transactionSync(body));
  function failed(run: string, why: string, cause?: unknown): Outcome {
    const error = new StoreError(`The run '${run}' was not written: ${why}.`, 'failed', { cause });
    return { status: 'failed', error, retry: false };
  }

  /** Why a commit may not be written: the run is another's, or is not where the commit says. */
  function refusal(commit: RunCommit, entry: Entry | undefined): Outcome | undefined {
    const { run, create, owner, fence, expect, unless, checkpoints: added = [], ask = [] } = commit;
    const { seq = 0, fence: current } = entry?.listed ?? {};
    if (create && (entry || isLive(tombstones, run))) return { status: 'exists' };
    const isHolder = create ? leases.doesExist(id(owner)) : entry?.owner === owner && fence === current;
    if (!isHolder) return { status: 'fenced' };
    if (expect !== undefined && expect !== seq) return { status: 'conflict' };
    const message = entry?.inbox.find((one) => unless?.includes(one.id));
    if (message) return { status: 'taken', message };
    if (added.some((row, i) => row.seq <= (added[i - 1]?.seq ?? seq))) return failed(run, 'a seq is too low');
    const other = ask.find((one) => (questions.get(id(one.id))?.run ?? run) !== run);
    return other && failed(run, `another run asks '${other.id}'`);
  }

  function apply(commit: RunCommit): Outcome {
    const { run, fence, checkpoints: added = [], dropFrom, dropBefore = 0, take, close = [] } = commit;
    const entry = runs.get(id(run));
    const head = commit.head ?? entry?.listed;
    const refused = refusal(commit, entry);
    if (refused || !head) return refused ?? failed(run, 'its first commit has no head');
    if (commit.remove !== undefined) return remove(run, commit.remove);
    const { seq = 0, updatedAt = head.createdAt } = entry?.listed ?? {};
    const last = added.at(-1) ?? { seq, time: updatedAt };
    const listed = { ...head, run, fence, seq: last.seq, updatedAt: last.time };
    const inbox = (entry?.inbox ?? []).filter((one) => !take?.includes(one.id));
    runs.putSync(id(run), { listed, owner: commit.release ? undefined : commit.owner, inbox });
    for (const row of added) checkpoints.putSync([id(run), row.seq], row);
    clear(checkpoints, seqs(run, dropFrom, dropBefore - 1));
    for (const { kind, key } of commit.drop ?? []) rows.removeSync([id(run), kind, id(key)]);
    for (const row of commit.put ?? []) rows.putSync([id(run), row.kind, id(row.key)], row);
    for (const one of close) if (questions.get(id(one))?.run === run) questions.removeSync(id(one));
    for (const one of commit.ask ?? []) questions.putSync(id(one.id), { ...one, run });
    return { status: 'committed' };
  }

  function remove(run: string, ms: number): Outcome {
    clear(checkpoints, seqs(run));
    clear(rows, within(id(run)));
    const asked = listQuestions(all(questions), { run, limit: Infinity });
    for (const one of asked) questions.removeSync(id(one.id));
    runs.removeSync(id(run));
    tombstones.putSync(id(run), Date.now() + ms);
    return { status: 'committed' };
  }

  /** In a transaction of its own within that of the batch: what cannot be stored takes no other run down. */
  function applyAlone(commit: RunCommit): Outcome {
    try {
      return root.transactionSync(() => apply(commit));
    } catch (error) {
      return failed(commit.run, 'LMDB failed', error);
    }
  }

  return {
    commit: (batch) => write(() => batch.map(applyAlone)),
    lease: (owner, ms) =>
      write(() => {
        if (ms > 0) leases.putSync(id(owner), Date.now() + ms);
        else leases.removeSync(id(owner));
        const freed = ms > 0 ? [] : all(runs).filter((one) => one.owner === owner);
        for (const one of freed) runs.putSync(id(one.listed.run), { ...one, owner: undefined });
      }),
    acquire: (run, owner) =>
      write(() => {
        if (!leases.doesExist(id(owner))) throw new StoreError(`'${owner}' has no lease.`, 'failed');
        const entry = runs.get(id(run));
        if (!entry) return { status: absence(run) };
        const { owner: by = owner, listed } = entry;
        if (by !== owner && isHeld(entry)) return { status: 'held', by, until: leases.get(id(by)) ?? 0 };
        const fence = listed.fence + 1;
        runs.putSync(id(run), { ...entry, owner, listed: { ...listed, fence } });
        return { status: 'acquired', fence };
      }),
    enqueue: (run, message, unless) =>
      write(() => {
        const entry = runs.get(id(run));
        if (!entry) return { status: absence(run) };
        const row = unless && rows.get([id(run), unless.kind, id(unless.key)]);
        const known = entry.inbox.find((one) => one.id === message.id) ?? row;
        if (known) return { status: 'known', value: String(known.value) };
        runs.putSync(id(run), { ...entry, inbox: [...entry.inbox, message] });
        return { status: 'queued' };
      }),
    load: (run, at = Infinity) =>
      read(() => {
        const found: CheckpointRow[] = [];
        for (const { value } of checkpoints.getRange({ start: [id(run), at], end: [id(run)], reverse: true }))
          if (found.unshift(value) && value.base) break;
        return at === Infinity || found.at(-1)?.seq === at ? found : [];
      }),
    rows: (run, kind, scan) =>
      read(() => {
        if (kind === 'inbox') return listMessages(runs.get(id(run))?.inbox ?? [], scan);
        return listRows(all(rows, within(id(run), kind)), scan);
      }),
    history: (run, scan) => read(() => listHistory(all(checkpoints, seqs(run, scan.from, scan.to)), scan)),
    questions: (scan) => read(() => listQuestions(all(questions), scan)),
    runs: (scan) => read(() => listRuns(all(runs), scan, isHeld)),
    close: () => (closing ??= root.close()),
  };
}
