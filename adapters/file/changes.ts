/**
 * Which runs were written to, for the other handles and processes.
 *
 * Before a run is written to, its name and the number of the line that is to come are appended to a common file.
 * Who lists runs reads what is new there, and looks into the files of those runs until the line has come; so a
 * process that was killed in between hides nothing. This is never the truth about a run, and needs no sync: who
 * opens a store looks at all its files.
 *
 * When a file has become large, a last line in it says so, and the next one is begun. What is appended behind the
 * last line does not count, and is said again in the next file.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { type Disk, removed, writeWhole } from './disk.ts';
import type { Folder } from './folder.ts';
import { encodeLine, readLines } from './line.ts';

/** In bytes. */
const largest = 1024 * 1024;

/** Between an announcement and what was announced, in milliseconds. */
const delay = 5;

/** A line of the file. */
interface ChangeLine {
  /** The handle that is about to write. */
  readonly by?: string;
  /** Runs, and the numbers of the lines that are to come. */
  readonly runs?: readonly (readonly [run: string, n: number])[];
  /** The last line: another file follows. */
  readonly last?: true;
}

/** Is told what others announce. */
export interface ChangeListener {
  changed(run: string, n: number): void;
  /** Something may have been missed: everything has to be looked at. */
  lost(): void;
}

const flags = constants.O_RDWR | constants.O_APPEND;

/** Announces changes, and hears of those of others. */
export class Changes {
  readonly #by: string = randomUUID().slice(0, 8);
  readonly #listeners = new Set<ChangeListener>();
  /** What ends them. */
  readonly #watches = new Set<() => void>();
  #fd: number | undefined;
  #number = 0;
  #end = 0;

  constructor(
    readonly disk: Disk,
    readonly folder: Folder,
  ) {}

  /** Who this is, for others. */
  get by(): string {
    return this.#by;
  }

  /** Tells of all that comes from now on, as soon as somebody asks with `refresh`. Returns what ends it. */
  listen(listener: ChangeListener): () => void {
    this.refresh();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called before the runs are written to. */
  announce(runs: readonly (readonly [run: string, n: number])[]): void {
    if (runs.length === 0) return;
    const { bytes, sum } = encodeLine({ by: this.#by, runs } satisfies ChangeLine);
    do writeWhole(this.disk, this.#opened(), bytes);
    while (!this.#read(sum));
    if (this.#end > largest) writeWhole(this.disk, this.#opened(), encodeLine({ last: true }).bytes);
  }

  /** Hears what others have announced. */
  refresh(): void {
    this.#read();
  }

  /**
   * Calls `wake` with the runs that others write to, soon after it, and never while this or a run is read or written
   * to: it may ask the store for anything. Where the system cannot watch a folder it is called only when somebody asks
   * for something. Returns what ends it.
   */
  watch(wake: (run: string) => void): () => void {
    const tell = (run: string): void => {
      if (this.#watches.has(end)) attempt(() => wake(run));
    };
    // What is announced is about to be written: a moment later it is there.
    const changed = (run: string): void => void setTimeout(tell, delay, run).unref();
    const mute = this.listen({ changed, lost: () => {} });
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      timer = undefined;
      // A folder that is gone is told to those who ask for something.
      if (this.#fd !== undefined) attempt(() => this.refresh());
    };
    const soon = (): void => void (timer ??= setTimeout(look, 1).unref());
    const watcher = attempt(() => this.disk.watch(this.folder.changes, { persistent: false }, soon));
    const end = (): void => {
      clearTimeout(timer);
      watcher?.close();
      mute();
      this.#watches.delete(end);
    };
    watcher?.on('error', end);
    this.#watches.add(end);
    return end;
  }

  close(): void {
    for (const end of this.#watches) end();
    if (this.#fd !== undefined) this.disk.closeSync(this.#fd);
    this.#fd = undefined;
    this.#listeners.clear();
  }

  /** Whether a line with this sum was among what is new, and counts. */
  #read(sought?: string): boolean {
    let isFound = false;
    for (let isLast = true; isLast;) {
      isLast = false;
      for (const piece of readLines(this.disk, this.#opened(), this.#end)) {
        // What is unreadable was never announced whole, and so no run was written to.
        if (piece.kind === 'rest') break;
        this.#end = piece.end;
        if (piece.kind === 'unreadable') continue;
        if (piece.sum === sought) isFound = true;
        const { by, runs = [], last } = piece.record as ChangeLine;
        if (by !== this.#by) this.#tell((listener) => runs.forEach(([run, n]) => listener.changed(run, n)));
        if (last === true) {
          isLast = true;
          this.#openNext();
          break;
        }
      }
    }
    return isFound;
  }

  #tell(tell: (listener: ChangeListener) => void): void {
    this.#listeners.forEach(tell);
  }

  #opened(): number {
    if (this.#fd === undefined) this.#open(Math.max(1, ...this.#numbers()));
    return this.#fd!;
  }

  #openNext(): void {
    const before = this.#number;
    this.#open(Math.max(before + 1, ...this.#numbers()));
    // Who slept for so long that a file came and went between does not know what was in it.
    if (this.#number > before + 1) this.#tell((listener) => listener.lost());
    // Others may still read the one before.
    for (const number of this.#numbers()) if (number < before) removed(this.disk, this.#pathOf(number));
  }

  /** Opens a file, and makes it where it is missing. A process that is late may make one that has had its time. */
  #open(number: number): void {
    for (let wanted = number; ;) {
      const fd = this.disk.openSync(this.#pathOf(wanted), flags | constants.O_CREAT);
      const newest = Math.max(...this.#numbers());
      if (newest <= wanted) {
        if (this.#fd !== undefined) this.disk.closeSync(this.#fd);
        this.#fd = fd;
        this.#number = wanted;
        this.#end = 0;
        return;
      }
      this.disk.closeSync(fd);
      wanted = newest;
    }
  }

  #numbers(): number[] {
    const names = this.disk.readdirSync(this.folder.changes).filter((name) => /^\d+\.jsonl$/.test(name));
    return names.map((name) => Number.parseInt(name, 10));
  }

  #pathOf(number: number): string {
    return join(this.folder.changes, `${number}.jsonl`);
  }
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
