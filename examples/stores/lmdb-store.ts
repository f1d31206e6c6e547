/**
 * A store of your own: Savepoint on LMDB, for the processes of one machine. It has records by key, puts a
 * transaction around each write, and checks before it writes. test/lmdb-store.test.ts shows that it keeps every
 * promise.
 */
import { type Database, open, type RangeOptions } from 'lmdb';
import type { Acquired, CheckpointRow, Message, Outcome, Row, RunCommit, Store, StoredRun } from 'savepoint';
import { StoreError, type StoredQuestion } from 'savepoint';
import { listHistory, listQuestions, listRows, listRuns } from './lists.ts';

/** A run as it is listed, who holds it, and what waits for it. */
type Entry = { listed: StoredRun; owner: string | undefined; inbox: readonly Message[] };
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
  const isLive = (table: typeof leases, name: string): boolean => (table.get(id(name)) ?? 0) > Date.now();
  const absence = (run: string) => (isLive(tombstones, run) ? 'deleted' : 'missing');
  const all = <T, K extends Key | string>(table: Database<T, K>, range: RangeOptions = {}): T[] =>
    [...table.getRange(range)].map(({ value }) => value);
  const clear = <T>(table: Database<T, Key>, range: RangeOptions): void =>
    table.getKeys(range).forEach((key) => table.removeSync(key));

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
    return { status: 'failed', error, retry: cause !== undefined };
  }
  /** Why a commit may not be written: its run is another's, or is not where the commit says. */
  function refusal(commit: RunCommit, entry: Entry | undefined): Outcome | undefined {
    const { run, owner, fence, create, expect, unless, checkpoints: added = [], ask = [] } = commit;
    const newest = entry?.listed.seq ?? 0;
    if (create && (entry || isLive(tombstones, run))) return { status: 'exists' };
    const holds = create ? leases.doesExist(id(owner)) : entry?.owner === owner && entry.listed.fence === fence;
    if (!holds) return { status: 'fenced' };
    if (expect !== undefined && expect !== newest) return { status: 'conflict' };
    const message = entry?.inbox.find((one) => unless?.includes(one.id));
    if (message) return { status: 'taken', message };
    if (added.some(({ seq }, i) => seq <= (added[i - 1]?.seq ?? newest))) return failed(run, 'low seq');
    const other = ask.find((one) => (questions.get(id(one.id))?.run ?? run) !== run);
    return other && failed(run, `another run asks '${other.id}'`);
  }
  function remove(run: string, ms: number): void {
    clear(checkpoints, seqs(run));
    clear(rows, within(id(run)));
    for (const one of listQuestions(all(questions), { run, limit: Infinity })) questions.removeSync(id(one.id));
    runs.removeSync(id(run));
    tombstones.putSync(id(run), Date.now() + ms);
  }
  function apply(commit: RunCommit): Outcome {
    const { run, fence, checkpoints: added = [], dropFrom, dropBefore = 0, take } = commit;
    const entry = runs.get(id(run));
    const head = commit.head ?? entry?.listed;
    const refused = refusal(commit, entry);
    if (refused || !head) return refused ?? failed(run, 'it has no head');
    if (commit.remove !== undefined) remove(run, commit.remove);
    else {
      const { seq = 0, time = head.createdAt } = added.at(-1) ?? { ...entry?.listed, time: entry?.listed.updatedAt };
      const inbox = (entry?.inbox ?? []).filter((one) => !take?.includes(one.id));
      const owner = commit.release ? undefined : commit.owner;
      runs.putSync(id(run), { listed: { ...head, run, fence, seq, updatedAt: time }, owner, inbox });
      for (const row of added) checkpoints.putSync([id(run), row.seq], row);
      clear(checkpoints, seqs(run, dropFrom, dropBefore - 1));
      for (const { kind, key } of commit.drop ?? []) rows.removeSync([id(run), kind, id(key)]);
      for (const row of commit.put ?? []) rows.putSync([id(run), row.kind, id(row.key)], row);
      for (const one of commit.close ?? []) if (questions.get(id(one))?.run === run) questions.removeSync(id(one));
      for (const one of commit.ask ?? []) questions.putSync(id(one.id), { ...one, run });
    }
    return { status: 'committed' };
  }
  /** A transaction of its own in that of the batch: what cannot be stored takes no other run down. */
  function applyAlone(commit: RunCommit): Outcome {
    try {
      return root.transactionSync(() => apply(commit));
    } catch (error) {
      return failed(commit.run, 'LMDB failed', error);
    }
  }
  function acquire(run: string, owner: string): Acquired {
    const entry = runs.get(id(run));
    if (!leases.doesExist(id(owner))) throw new StoreError(`The owner '${owner}' has no lease.`, 'failed');
    if (!entry) return { status: absence(run) };
    const { owner: by = owner, listed } = entry;
    if (by !== owner && isLive(leases, by)) return { status: 'held', by, until: leases.get(id(by)) ?? 0 };
    runs.putSync(id(run), { ...entry, owner, listed: { ...listed, fence: listed.fence + 1 } });
    return { status: 'acquired', fence: listed.fence + 1 };
  }

  return {
    acquire: (run, owner) => write(() => acquire(run, owner)),
    commit: (batch) => write(() => batch.map(applyAlone)),
    lease: (owner, ms) =>
      write(() => {
        if (ms > 0) leases.putSync(id(owner), Date.now() + ms);
        else leases.removeSync(id(owner));
        for (const entry of ms > 0 ? [] : all(runs).filter((one) => one.owner === owner))
          runs.putSync(id(entry.listed.run), { ...entry, owner: undefined });
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
    load: (run, at) =>
      read(() => {
        const found = all(checkpoints, seqs(run, 0, at));
        const isThere = at === undefined || found.at(-1)?.seq === at;
        return isThere ? found.slice(found.findLastIndex(({ base }) => base)) : [];
      }),
    rows: (run, kind, scan) =>
      read(() => {
        const inbox = (runs.get(id(run))?.inbox ?? []).map(({ id: key, value }) => ({ key, value }));
        const found = kind === 'inbox' ? listRows(inbox, scan, true) : listRows(all(rows, within(id(run), kind)), scan, false);
        return found.map(({ key, value }) => ({ key, value: typeof value === 'string' ? value : Uint8Array.from(value) }));
      }),
    history: (run, scan) => read(() => listHistory(all(checkpoints, seqs(run, scan.from, scan.to)), scan)),
    questions: (scan) => read(() => listQuestions(all(questions), scan)),
    runs: (scan) =>
      read(() => {
        const isHeld = (owner: string | undefined) => owner !== undefined && isLive(leases, owner);
        const found = all(runs).map((one) => ({ ...one, isHeld: isHeld(one.owner), waits: one.inbox.length > 0 }));
        return listRuns(found, scan);
      }),
    close: () => (closing ??= root.close()),
  };
}
