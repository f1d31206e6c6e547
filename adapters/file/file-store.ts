/**
 * The methods of the store.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type {
  Acquired,
  Awaitable,
  CheckpointRow,
  CheckpointSummary,
  Enqueued,
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
} from '../../src/store.ts';
import { Catalog } from './catalog.ts';
import { Changes } from './changes.ts';
import { Commits } from './commits.ts';
import { Compaction } from './compaction.ts';
import type { Disk } from './disk.ts';
import { entryOf } from './entry.ts';
import { storeError } from './failure.ts';
import { openFolder } from './folder.ts';
import { Holding } from './holding.ts';
import { Inbox } from './inbox.ts';
import { Leases } from './leases.ts';
import { Removal } from './removal.ts';
import type { RunFile } from './run-file.ts';
import { RunFiles } from './run-files.ts';
import { history, load, rows } from './run-reads.ts';
import { Scans } from './scans.ts';
import { Syncs } from './syncs.ts';
import { Tokens } from './tokens.ts';
import { Writer } from './writer.ts';

/** A handle on a folder. Reads answer at once where they can; what waits for the disk is a promise. */
export class FileStore implements Store {
  #parts: Parts | undefined;
  #isClosed = false;
  /** Calls that are under way. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(
    readonly path: string,
    readonly disk: Disk,
  ) {}

  lease(owner: string, ms: number): void {
    return this.#now(({ leases }) => leases.set(owner, ms));
  }

  acquire(run: string, owner: string): Promise<Acquired> {
    return this.#soon(({ holding }) => holding.acquire(run, owner));
  }

  commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    return this.#soon(({ commits }) => commits.commit(batch));
  }

  load(run: string, at?: number): Awaitable<CheckpointRow[]> {
    return this.#look(run, [], (file) => load(file, at));
  }

  enqueue(run: string, message: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    return this.#soon(({ inbox }) => inbox.enqueue(run, message, unless));
  }

  rows(run: string, kind: RowKind | 'inbox', scan: RowScan): Awaitable<Pick<Row, 'key' | 'value'>[]> {
    return this.#look(run, [], (file) => rows(file, kind, scan));
  }

  questions(scan: QuestionScan): Awaitable<StoredQuestion[]> {
    return this.#upToDate(({ scans }) => scans.questions(scan));
  }

  runs(scan: RunScan): Awaitable<StoredRun[]> {
    const { run } = scan;
    if (run === undefined) return this.#upToDate(({ scans }) => scans.runs(scan));
    return this.#look(run, [], ({ chain }, { scans }) => scans.run(entryOf(chain), scan));
  }

  history(run: string, scan: HistoryScan): Awaitable<CheckpointSummary[]> {
    return this.#look(run, [], (file) => history(file, scan));
  }

  listen(wake: (run: string) => void): () => void {
    return this.#now(({ changes }) => changes.watch(wake));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const parts = this.#parts;
    this.#parts = undefined;
    await Promise.allSettled(this.#running);
    if (parts === undefined) return;
    await parts.compaction.close();
    await parts.catalog.close();
    parts.changes.close();
  }

  /** Looks at one run, and first makes sure of what is there where that is in doubt. */
  #look<T>(run: string, nothing: T, body: (file: RunFile, parts: Parts) => T): Awaitable<T> {
    const read = (parts: Parts): T => {
      const found = parts.files.look(run, (file) => ({ value: body(file, parts) }));
      return found === undefined ? nothing : found.value;
    };
    if (this.#parts?.syncs.hasDoubts !== true) return this.#now(read);
    return this.#soon(async (parts) => {
      await parts.syncs.settle(run);
      return read(parts);
    });
  }

  #upToDate<T>(body: (parts: Parts) => T): Awaitable<T> {
    const waiting = this.#now(({ catalog }) => catalog.upToDate());
    if (waiting === undefined) return this.#now(body);
    return this.#soon(async (parts) => {
      await waiting;
      return body(parts);
    });
  }

  #now<T>(body: (parts: Parts) => T): T {
    try {
      return body(this.#opened());
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  async #soon<T>(body: (parts: Parts) => Promise<T>): Promise<T> {
    try {
      const running = body(this.#opened());
      this.#running.add(running);
      return await running.finally(() => this.#running.delete(running));
    } catch (error) {
      throw storeError(this.path, error);
    }
  }

  #opened(): Parts {
    if (this.#isClosed) {
      throw new StoreError(`The store in ${this.path} is closed. Open it with fileStore().`, 'failed');
    }
    return (this.#parts ??= open(this.path, this.disk));
  }
}

interface Parts {
  readonly files: RunFiles;
  readonly changes: Changes;
  readonly catalog: Catalog;
  readonly leases: Leases;
  readonly compaction: Compaction;
  readonly syncs: Syncs;
  readonly commits: Commits;
  readonly holding: Holding;
  readonly inbox: Inbox;
  readonly scans: Scans;
}

function open(path: string, disk: Disk): Parts {
  const folder = openFolder(disk, path);
  const files = new RunFiles(disk, folder);
  const changes = new Changes(disk, folder);
  const catalog = new Catalog(disk, folder, files, changes);
  const leases = new Leases(disk, folder);
  const compaction = new Compaction(disk, files, new Tokens(disk, folder));
  const syncs = new Syncs(disk, files, compaction);
  const removal = new Removal(disk, files, catalog);
  const writer = new Writer(files, changes, catalog, compaction, syncs, removal);
  return {
    files,
    changes,
    catalog,
    leases,
    compaction,
    syncs,
    commits: new Commits(path, writer, leases, catalog, removal),
    holding: new Holding(writer, leases),
    inbox: new Inbox(writer, changes),
    scans: new Scans(catalog, leases),
  };
}
