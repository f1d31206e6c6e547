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
  Enqueued,
  Head,
  HistoryScan,
  Message,
  Outcome,
  QuestionScan,
  Row,
  RowKind,
  RowScan,
  RunCommit,
  RunScan,
  Store,
  StoredQuestion,
  StoredRun,
} from '../src/store.ts';

interface StoredEntry {
  readonly id: string;
  head: Head;
  fence: number;
  owner: string | undefined;
  checkpoints: CheckpointRow[];
  readonly rows: Map<RowKind, Map<string, Row['value']>>;
  /** Id to value, in the order of arrival. */
  readonly inbox: Map<string, string>;
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
  readonly capabilities = { shared: false, durable: false } as const;
  #runs = new Map<string, StoredEntry>();
  /** All runs in the order of a scan; made anew by the first scan after a run came or went. */
  #ordered: StoredEntry[] | undefined;
  /** Open questions by id. */
  #questions = new Map<string, StoredQuestion>();
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
    if (entry.owner !== owner && this.#isHeld(entry)) {
      const until = this.#leases.get(entry.owner!)!;
      return { status: 'held', by: 'another runtime in this process', until };
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

  enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Enqueued {
    this.#open();
    const entry = this.#runs.get(run);
    if (entry === undefined) return { status: this.#buried(run) ? 'deleted' : 'missing' };
    const row = unless && (entry.rows.get(unless.kind)?.get(unless.key) as string | undefined);
    const known = entry.inbox.get(message.id) ?? row;
    if (known !== undefined) return { status: 'known', value: known };
    entry.inbox.set(message.id, message.value);
    return { status: 'queued' };
  }

  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Pick<Row, 'key' | 'value'>[] {
    this.#open();
    const entry = this.#runs.get(run);
    const { key, prefix = '', after, limit = Infinity } = scan;
    const rows: ReadonlyMap<string, Row['value']> | undefined =
      kind === 'inbox' ? entry?.inbox : entry?.rows.get(kind);
    if (rows === undefined) return [];
    if (key !== undefined && !rows.has(key)) return [];
    let keys = [...(key === undefined || kind === 'inbox' ? rows.keys() : [key])];
    if (kind !== 'inbox') {
      // Without a function, texts are sorted by their code units.
      keys.sort();
      if (after !== undefined) keys = keys.filter((one) => one > after);
    } else if (after !== undefined) {
      keys = keys.slice(keys.indexOf(after) + 1);
    }
    return keys
      .filter((one) => one.startsWith(prefix) && (key === undefined || one === key))
      .slice(0, limit)
      .map((one) => ({ key: one, value: copied(rows.get(one)!) }));
  }

  questions(scan: QuestionScan): StoredQuestion[] {
    this.#open();
    return [...this.#questions.values()]
      .filter((question) => matchesQuestion(question, scan))
      .sort((a, b) => compare(a.opened, a.id, b.opened, b.id))
      .slice(0, scan.limit)
      .map((question) => ({ ...question, tags: [...question.tags] }));
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
      if (scan.free === true && this.#isHeld(entry)) continue;
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

  close(): void {
    this.#closed = true;
    this.#runs.clear();
    this.#questions.clear();
    this.#ordered = undefined;
  }

  #open(): void {
    if (this.#closed)
      throw new StoreError('The store is closed. Create another one with memoryStore().', 'failed');
  }

  /** Everything is checked before anything is written: that makes a commit atomic here. */
  #commitOne(commit: RunCommit): Outcome {
    const { run, owner, fence, expect, head, unless, checkpoints = [] } = commit;
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
    for (const id of unless ?? []) {
      const value = entry?.inbox.get(id);
      if (value !== undefined) return { status: 'taken', message: { id, value } };
    }
    if (commit.remove !== undefined) return this.#remove(run, commit.remove);
    let seq = newest;
    for (const row of checkpoints) {
      if (row.seq <= seq)
        return refused(`Run '${run}' has a checkpoint ${row.seq} that does not follow ${seq}.`);
      seq = row.seq;
    }
    for (const { id } of commit.ask ?? []) {
      const asker = this.#questions.get(id)?.run ?? run;
      if (asker !== run) return refused(`The question '${id}' of run '${run}' is open in run '${asker}'.`);
    }

    if (entry === undefined) {
      entry = { id: run, head: head!, fence, owner, checkpoints: [], rows: new Map(), inbox: new Map() };
      this.#runs.set(run, entry);
      this.#ordered = undefined;
    }
    if (head !== undefined) entry.head = { ...head, tags: [...head.tags] };
    for (const { seq: at, base, time, header, body } of checkpoints) {
      entry.checkpoints.push({ seq: at, base, time, header, body });
    }
    const { dropFrom = 0, dropBefore = 0 } = commit;
    if (dropBefore > 0)
      entry.checkpoints = entry.checkpoints.filter((row) => row.seq < dropFrom || row.seq >= dropBefore);
    for (const { kind, key } of commit.drop ?? []) entry.rows.get(kind)?.delete(key);
    for (const { kind, key, value } of commit.put ?? []) {
      let rows = entry.rows.get(kind);
      if (rows === undefined) entry.rows.set(kind, (rows = new Map()));
      rows.set(key, copied(value));
    }
    for (const id of commit.take ?? []) entry.inbox.delete(id);
    this.#ask(run, commit);
    if (commit.release === true) entry.owner = undefined;
    return { status: 'committed' };
  }

  #remove(run: string, ms: number): Outcome {
    for (const id of this.#tombstones.keys()) this.#buried(id);
    this.#tombstones.set(run, Date.now() + ms);
    this.#runs.delete(run);
    for (const question of this.#questions.values()) {
      if (question.run === run) this.#questions.delete(question.id);
    }
    this.#ordered = undefined;
    return { status: 'committed' };
  }

  #ask(run: string, { close = [], ask = [] }: RunCommit): void {
    for (const id of close) if (this.#questions.get(id)?.run === run) this.#questions.delete(id);
    for (const { id, machine, assignee, tags, opened, value } of ask) {
      const whose = assignee === undefined ? {} : { assignee };
      this.#questions.set(id, { id, run, machine, ...whose, tags: [...tags], opened, value });
    }
  }

  #isHeld({ owner }: StoredEntry): boolean {
    return owner !== undefined && (this.#leases.get(owner) ?? 0) > Date.now();
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
    const { dueTo } = scan;
    if (dueTo !== undefined) {
      const due = ({ head }: StoredEntry): number => head.due ?? Infinity;
      return [...this.#runs.values()]
        .filter((entry) => due(entry) <= dueTo)
        .sort((a, b) => compare(due(a), a.id, due(b), b.id));
    }
    this.#ordered ??= [...this.#runs.values()].sort((a, b) =>
      compare(a.head.createdAt, a.id, b.head.createdAt, b.id),
    );
    return this.#ordered;
  }
}

function matches({ head, owner, inbox }: StoredEntry, scan: RunScan): boolean {
  return (
    (scan.owner === undefined || scan.owner === owner) &&
    (scan.undelivered === undefined || inbox.size > 0) &&
    (scan.dueTo === undefined || (head.due !== undefined && head.due <= scan.dueTo)) &&
    (scan.status === undefined || scan.status.includes(head.status)) &&
    (scan.machine === undefined || scan.machine === head.machine) &&
    (scan.tag === undefined || head.tags.includes(scan.tag)) &&
    (scan.createdFrom === undefined || head.createdAt >= scan.createdFrom) &&
    (scan.createdTo === undefined || head.createdAt < scan.createdTo)
  );
}

function matchesQuestion(question: StoredQuestion, scan: QuestionScan): boolean {
  const { after, openedTo = Infinity } = scan;
  return (
    (scan.id === undefined || scan.id === question.id) &&
    (scan.run === undefined || scan.run === question.run) &&
    (scan.machine === undefined || scan.machine === question.machine) &&
    (scan.assignee === undefined || scan.assignee === question.assignee) &&
    (scan.tag === undefined || question.tags.includes(scan.tag)) &&
    question.opened < openedTo &&
    (after === undefined || compare(question.opened, question.id, after.opened, after.id) > 0)
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

function compare(time: number, id: string, otherTime: number, otherId: string): number {
  return time - otherTime || (id < otherId ? -1 : id > otherId ? 1 : 0);
}

function copied(value: Row['value']): Row['value'] {
  return typeof value === 'string' ? value : new Uint8Array(value);
}

function refused(message: string): Outcome {
  return { status: 'failed', error: new StoreError(message, 'failed'), retry: false };
}
