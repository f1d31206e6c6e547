/**
 * What is listed of all runs, in memory.
 *
 * @module
 */
import { join } from 'node:path';
import type { Awaitable, StoredQuestion } from '../../src/store.ts';
import { loadCatalog, saveCatalog } from './catalog-file.ts';
import type { ChangeListener, Changes } from './changes.ts';
import type { Disk } from './disk.ts';
import { type Entry, entryOf, isListed, type ListedEntry } from './entry.ts';
import type { Folder } from './folder.ts';
import { fileName } from './names.ts';
import { compare } from './order.ts';
import { pause } from './pause.ts';
import type { Chain } from './run-file.ts';
import type { RunFiles } from './run-files.ts';
import { firstAt } from './search.ts';

/** What is to come to a run's file. */
interface Expected {
  /** The number of the last line. */
  readonly n: number;
  /** It is another file than before: what is known of that one says nothing about this one. */
  readonly isAnew: boolean;
}

/** So many files are looked at before others have their turn. */
const slice = 50;

/** As many runs have to be read anew by whoever opens the store next, before it is worth saving. */
const worthSaving = 100;

/**
 * Read from the files at the first listing; then it follows what this handle writes, and reads the files of runs
 * that others have announced.
 */
export class Catalog implements ChangeListener {
  readonly #entries = new Map<string, Entry>();
  readonly #questions = new Map<string, StoredQuestion>();
  /** Runs that others write to. */
  readonly #expected = new Map<string, Expected>();
  /** Runs whose saved entry has had its time. */
  readonly #unsaved = new Set<string>();
  #ordered: ListedEntry[] | undefined;
  /** When the first tombstone has had its time. */
  #firstForgotten = Infinity;
  #isComplete = false;
  #building: Promise<void> | undefined;
  #mute: (() => void) | undefined;

  constructor(
    readonly disk: Disk,
    readonly folder: Folder,
    readonly files: RunFiles,
    readonly changes: Changes,
  ) {}

  /** To be awaited before anything is asked: a promise where there is more to read than a little. */
  upToDate(): Awaitable<void> {
    // What was announced since it began to read may not be in it.
    if (this.#building !== undefined) return this.#building.then(() => this.upToDate());
    if (this.#isComplete) {
      this.changes.refresh();
      if (this.#isComplete && this.#expected.size <= slice) return this.#catchUp();
    }
    this.#building = this.#build().finally(() => (this.#building = undefined));
    return this.#building;
  }

  /** All runs, by the time of their start and by id. */
  get ordered(): readonly ListedEntry[] {
    this.#ordered ??= [...this.#entries.values()].filter(isListed).sort(byStart);
    return this.#ordered;
  }

  get questions(): ReadonlyMap<string, StoredQuestion> {
    return this.#questions;
  }

  /** Deleted runs whose ids are taken no longer, though their files are there. Each is named once. */
  forgotten(): string[] {
    const now = Date.now();
    if (now < this.#firstForgotten) return [];
    this.#firstForgotten = Infinity;
    const runs: string[] = [];
    for (const { run, buried = Infinity } of this.#entries.values()) {
      if (buried <= now) runs.push(run);
      else this.#firstForgotten = Math.min(this.#firstForgotten, buried);
    }
    return runs;
  }

  /** A file was read, or written to. */
  saw(chain: Chain): void {
    if (this.#mute === undefined) return;
    const { run } = chain;
    const old = this.#entries.get(run);
    const { inode, n, sum, end } = chain;
    // Without the sum, the file of a new run of that id could be taken for the one before.
    if (old?.inode === inode && old.n === n && old.sum === sum && old.size === end) return;
    this.#unsaved.add(run);
    this.#replace(old, entryOf(chain));
  }

  /** A file is gone. */
  missed(run: string): void {
    const old = this.#entries.get(run);
    if (old === undefined) return;
    this.#ask(old.questions, noQuestions, run);
    this.#entries.delete(run);
    if (isListed(old)) this.#ordered = undefined;
  }

  changed(run: string, n: number): void {
    const before = n === 1 ? undefined : this.#expected.get(run);
    this.#expected.set(run, {
      n: Math.max(n, before?.n ?? 0),
      isAnew: n === 1 || before?.isAnew === true,
    });
  }

  lost(): void {
    this.#isComplete = false;
  }

  /** Saves what the next one who opens the store would have to read. */
  async close(): Promise<void> {
    await this.#building?.catch(() => {});
    if (this.#isComplete && this.#unsaved.size >= worthSaving) await this.#save();
    this.#mute?.();
    this.#mute = undefined;
  }

  async #build(): Promise<void> {
    this.#mute ??= this.changes.listen(this);
    if (!this.#isComplete) await this.#readAll();
    const expected = [...this.#expected];
    for (let i = 0; i < expected.length; i += slice) {
      for (const [run, one] of expected.slice(i, i + slice)) this.#lookFor(run, one);
      await pause();
    }
    if (this.#unsaved.size > Math.max(1000, this.#entries.size / 2)) await this.#save();
  }

  async #readAll(): Promise<void> {
    this.#isComplete = true;
    try {
      for (const [run, entry] of await loadCatalog(this.disk, this.folder)) {
        if (!this.#entries.has(run)) this.#replace(undefined, entry);
      }
      const known = new Map([...this.#entries.keys()].map((run) => [`${fileName(run)}.jsonl`, run]));
      const names = this.disk.readdirSync(this.folder.runs).filter((name) => name.endsWith('.jsonl'));
      for (const [i, name] of names.entries()) {
        this.#readOne(name, known.get(name));
        known.delete(name);
        if (i % slice === 0) await pause();
      }
      for (const run of known.values()) if (this.files.look(run, () => true) === undefined) this.missed(run);
    } catch (error) {
      this.#isComplete = false;
      throw error;
    }
  }

  #readOne(name: string, known: string | undefined): void {
    try {
      const path = join(this.folder.runs, name);
      const entry = known === undefined ? undefined : this.#entries.get(known);
      if (entry !== undefined) {
        const { ino, size } = this.disk.statSync(path);
        if (entry.inode === ino && entry.size === size) return;
      }
      const run = known ?? this.files.nameIn(path);
      if (run !== undefined && `${fileName(run)}.jsonl` === name) this.#look(run);
    } catch {
      // Whatever is wrong with one run is told to those who ask for it; the others can be listed.
    }
  }

  #catchUp(): void {
    for (const [run, one] of this.#expected) this.#lookFor(run, one);
  }

  /** The announced line may be still to come: then the run is looked at again the next time. */
  #lookFor(run: string, { n, isAnew }: Expected): void {
    if (isAnew || (this.#entries.get(run)?.n ?? 0) < n) {
      try {
        this.#look(run);
      } catch {
        // As in #readOne.
      }
    }
    if ((this.#entries.get(run)?.n ?? 0) >= n) this.#expected.delete(run);
  }

  #look(run: string): void {
    const isThere = this.files.look(run, (file) => {
      this.saw(file.chain);
      return true;
    });
    if (isThere !== undefined) return;
    this.missed(run);
    // Nothing comes to a file that is gone; another one is there before it is announced.
    this.#expected.delete(run);
  }

  #replace(old: Entry | undefined, entry: Entry): void {
    const { run } = entry;
    this.#entries.set(run, entry);
    this.#firstForgotten = Math.min(this.#firstForgotten, entry.buried ?? Infinity);
    this.#ask(old?.questions ?? noQuestions, entry.questions, run);
    if (this.#ordered === undefined) return;
    const wasListed = old !== undefined && isListed(old);
    if (wasListed && isListed(entry) && old.head.createdAt === entry.head.createdAt) {
      this.#ordered[place(this.#ordered, old)] = entry;
    } else if (wasListed || isListed(entry)) {
      this.#ordered = undefined;
    }
  }

  #ask(old: Entry['questions'], questions: Entry['questions'], run: string): void {
    if (old === questions) return;
    for (const id of old.keys()) if (this.#questions.get(id)?.run === run) this.#questions.delete(id);
    for (const question of questions.values()) this.#questions.set(question.id, { ...question, run });
  }

  async #save(): Promise<void> {
    this.#unsaved.clear();
    try {
      await saveCatalog(this.disk, this.folder, this.#entries.values());
    } catch {
      // Without it the store is only opened more slowly.
    }
  }
}

const noQuestions: Entry['questions'] = new Map();

function byStart(a: ListedEntry, b: ListedEntry): number {
  return compare(a.head.createdAt, a.run, b.head.createdAt, b.run);
}

/** Where an entry is in the order, or would be. */
export function place(ordered: readonly ListedEntry[], entry: ListedEntry): number {
  return firstAt(ordered, (one) => byStart(one, entry) < 0);
}
