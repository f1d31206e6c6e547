/**
 * The store for tests, examples and pages that need not survive: `savepoint/memory`.
 *
 * It keeps what a database would keep: encoded records, copied on the way in and on the way out. So a
 * run that works here works on a store that forgets the objects, too.
 *
 * @module
 */
import { StoreError } from '../src/errors.ts';
import type {
  Acquired,
  CheckpointRow,
  CheckpointSummary,
  Head,
  HistoryScan,
  Outcome,
  Row,
  RowKind,
  RunCommit,
  RunScan,
  Store,
  StoredRun,
} from '../src/store.ts';

interface StoredEntry {
  readonly id: string;
  head: Head;
  fence: number;
  owner: string | undefined;
  checkpoints: CheckpointRow[];
  readonly rows: Map<string, Row['value']>;
}

/**
 * A store in this process's memory. Every method answers at once.
 *
 * ```ts
 * const runtime = createRuntime({ store: memoryStore(), machines: [refund] });
 * ```
 */
export function memoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  #runs = new Map<string, StoredEntry>();
  /** All runs in the order of a scan; made anew by the first scan after a run came or went. */
  #ordered: StoredEntry[] | undefined;
  /** Owner to the end of its lease. */
  #leases = new Map<string, number>();
  /** Id of a deleted run to the time from which it may be created again. */
  #tombstones = new Map<string, number>();
  #closed = false;

  lease(owner: string, ms: number): void {
    this.#open();
    if (ms > 0) {
      this.#leases.set(owner, Date.now() + ms);
      return;
    }
    this.#leases.delete(owner);
    for (const entry of this.#runs.values()) if (entry.owner === owner) entry.owner = undefined;
  }

  acquire(run: string, owner: string): Acquired {
    this.#open();
    if (!this.#leases.has(owner)) {
      throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
    }
    const entry = this.#runs.get(run);
    if (entry === undefined) return { status: this.#buried(run) ? 'deleted' : 'missing' };
    if (entry.owner !== undefined && entry.owner !== owner) {
      const until = this.#leases.get(entry.owner) ?? 0;
      if (until > Date.now()) return { status: 'held', by: 'another runtime in this process', until };
    }
    entry.owner = owner;
    return { status: 'acquired', fence: ++entry.fence };
  }

  commit(batch: readonly RunCommit[]): Outcome[] {
    this.#open();
    return batch.map((commit) => this.#commitOne(commit));
  }

  load(run: string, at?: number): CheckpointRow[] {
    this.#open();
    const rows = this.#runs.get(run)?.checkpoints ?? [];
    const end = at === undefined ? rows.length - 1 : rows.findLastIndex((row) => row.seq === at);
    let start = end;
    while (start > 0 && rows[start]?.base === false) start--;
    return rows.slice(Math.max(start, 0), end + 1).map((row) => ({ ...row }));
  }

  row(run: string, kind: RowKind, key: string): Row['value'] | undefined {
    this.#open();
    const value = this.#runs.get(run)?.rows.get(rowKey(kind, key));
    return value === undefined ? undefined : copied(value);
  }

  runs(scan: RunScan): StoredRun[] {
    this.#open();
    const found: StoredRun[] = [];
    const direction = scan.descending === true ? -1 : 1;
    const ordered = this.#inOrder(scan);
    for (let i = direction === 1 ? 0 : ordered.length - 1; found.length < scan.limit; i += direction) {
      const entry = ordered[i];
      if (entry === undefined) break;
      const { after } = scan;
      if (after !== undefined) {
        if (direction * compare(entry.head.createdAt, entry.id, after.createdAt, after.run) <= 0) continue;
      }
      if (matches(entry, scan)) found.push(listed(entry));
    }
    return found;
  }

  history(run: string, scan: HistoryScan): CheckpointSummary[] {
    this.#open();
    const { from = 0, to = Infinity } = scan;
    const rows = (this.#runs.get(run)?.checkpoints ?? []).filter((row) => row.seq >= from && row.seq <= to);
    if (scan.descending === true) rows.reverse();
    return rows.slice(0, scan.limit).map(({ body, ...rest }) => ({ ...rest, bytes: body.length }));
  }

  remove(run: string, owner: string, fence: number, ms: number): boolean {
    this.#open();
    const entry = this.#runs.get(run);
    if (entry === undefined || entry.owner !== owner || entry.fence !== fence) return false;
    for (const id of this.#tombstones.keys()) this.#buried(id);
    this.#tombstones.set(run, Date.now() + ms);
    this.#runs.delete(run);
    this.#ordered = undefined;
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#runs.clear();
    this.#ordered = undefined;
  }

  #open(): void {
    if (this.#closed)
      throw new StoreError('The store is closed. Create another one with memoryStore().', 'failed');
  }

  /** Everything is checked before anything is written: that makes a commit atomic here. */
  #commitOne(commit: RunCommit): Outcome {
    const { run, owner, fence, expect, head, checkpoints = [] } = commit;
    let entry = this.#runs.get(run);
    if (commit.create === true) {
      if (entry !== undefined || this.#buried(run)) return { status: 'exists' };
      if (!this.#leases.has(owner)) return { status: 'fenced' };
      if (head === undefined) return refused(`The first commit of run '${run}' has no head.`);
    } else if (entry?.owner !== owner || entry.fence !== fence) {
      return { status: 'fenced' };
    }
    const newest = entry?.checkpoints.at(-1)?.seq ?? 0;
    if (expect !== undefined && expect !== newest) return { status: 'conflict' };
    let seq = newest;
    for (const row of checkpoints) {
      if (row.seq <= seq)
        return refused(`Run '${run}' has a checkpoint ${row.seq} that does not follow ${seq}.`);
      seq = row.seq;
    }

    if (entry === undefined) {
      entry = { id: run, head: head!, fence, owner, checkpoints: [], rows: new Map() };
      this.#runs.set(run, entry);
      this.#ordered = undefined;
    }
    if (head !== undefined) entry.head = { ...head, tags: [...head.tags] };
    for (const { seq: at, base, time, header, body } of checkpoints) {
      entry.checkpoints.push({ seq: at, base, time, header, body });
    }
    const { dropBefore } = commit;
    if (dropBefore !== undefined)
      entry.checkpoints = entry.checkpoints.filter((row) => row.seq >= dropBefore);
    for (const { kind, key } of commit.drop ?? []) entry.rows.delete(rowKey(kind, key));
    for (const { kind, key, value } of commit.put ?? []) entry.rows.set(rowKey(kind, key), copied(value));
    if (commit.release === true) entry.owner = undefined;
    return { status: 'committed' };
  }

  /** Whether the id belonged to a run that was deleted not long ago. */
  #buried(run: string): boolean {
    const until = this.#tombstones.get(run);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#tombstones.delete(run);
    return false;
  }

  #inOrder(scan: RunScan): readonly StoredEntry[] {
    if (scan.run !== undefined) {
      const entry = this.#runs.get(scan.run);
      return entry === undefined ? [] : [entry];
    }
    this.#ordered ??= [...this.#runs.values()].sort((a, b) =>
      compare(a.head.createdAt, a.id, b.head.createdAt, b.id),
    );
    return this.#ordered;
  }
}

function matches({ head }: StoredEntry, scan: RunScan): boolean {
  return (
    (scan.status === undefined || scan.status.includes(head.status)) &&
    (scan.machine === undefined || scan.machine === head.machine) &&
    (scan.tag === undefined || head.tags.includes(scan.tag)) &&
    (scan.createdFrom === undefined || head.createdAt >= scan.createdFrom) &&
    (scan.createdTo === undefined || head.createdAt < scan.createdTo)
  );
}

function listed({ id, head, fence, checkpoints }: StoredEntry): StoredRun {
  const newest = checkpoints.at(-1);
  return {
    ...head,
    tags: [...head.tags],
    run: id,
    seq: newest?.seq ?? 0,
    updatedAt: newest?.time ?? head.createdAt,
    fence,
  };
}

function compare(created: number, id: string, otherCreated: number, otherId: string): number {
  return created - otherCreated || (id < otherId ? -1 : id > otherId ? 1 : 0);
}

function rowKey(kind: RowKind, key: string): string {
  return `${kind} ${key}`;
}

function copied(value: Row['value']): Row['value'] {
  return typeof value === 'string' ? value : new Uint8Array(value);
}

function refused(message: string): Outcome {
  return { status: 'failed', error: new StoreError(message, 'failed'), retry: false };
}
