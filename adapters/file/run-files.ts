/**
 * The files of all runs, as far as they are known here.
 *
 * @module
 */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { type Disk, isMissing } from './disk.ts';
import type { Folder } from './folder.ts';
import { readLines } from './line.ts';
import { fileName } from './names.ts';
import type { RunLine } from './record.ts';
import { Chain, RunFile } from './run-file.ts';

/** How much is remembered of runs, in places of some hundred bytes: then the one is forgotten that was not used longest. */
const memory = 400_000;

const flags: Readonly<Record<'read' | 'append' | 'create', number>> = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_APPEND,
  create: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
};

/** Opens files of runs, and remembers what their lines came to, so that only new lines are read. */
export class RunFiles {
  readonly #chains = new Map<string, { readonly chain: Chain; weight: number }>();
  #weight = 0;

  constructor(
    readonly disk: Disk,
    readonly folder: Folder,
  ) {}

  /** The name of a run's file, without its ending. */
  nameOf(run: string): string {
    return fileName(run);
  }

  /** A run's file, read up to its end. `undefined`: there is none, and none was to be made. */
  open(run: string, mode: keyof typeof flags): RunFile | undefined {
    const path = join(this.folder.runs, `${this.nameOf(run)}.jsonl`);
    let fd: number;
    try {
      fd = this.disk.openSync(path, flags[mode]);
    } catch (error) {
      if (!isMissing(error) || mode === 'create') throw error;
      this.forget(run);
      return undefined;
    }
    try {
      const known = this.#chains.get(run)?.chain;
      let file = known && new RunFile(this.disk, path, fd, known);
      if (!file?.isKnown()) {
        file = new RunFile(this.disk, path, fd, new Chain(run, this.disk.fstatSync(fd).ino));
      }
      file.refresh();
      this.remember(file.chain);
      return file;
    } catch (error) {
      this.disk.closeSync(fd);
      throw error;
    }
  }

  /** Looks at a run. `undefined`: it has no file. */
  look<T>(run: string, body: (file: RunFile) => T): T | undefined {
    const file = this.open(run, 'read');
    if (file === undefined) return undefined;
    try {
      return body(file);
    } catch (error) {
      if (!file.chain.hasChanged) throw error;
    } finally {
      file.close();
    }
    // Read anew, it tells what is wrong with it, if anything is.
    this.forget(run);
    return this.look(run, body);
  }

  /** The run that a file is about, as its first line says. */
  nameIn(path: string): string | undefined {
    const fd = this.disk.openSync(path, 'r');
    try {
      for (const piece of readLines(this.disk, fd, 0)) {
        if (piece.kind === 'line') return (piece.record as RunLine).run;
      }
      return undefined;
    } finally {
      this.disk.closeSync(fd);
    }
  }

  forget(run: string): void {
    this.#weight -= this.#chains.get(run)?.weight ?? 0;
    this.#chains.delete(run);
  }

  remember(chain: Chain): void {
    const { weight } = chain.state;
    this.forget(chain.run);
    this.#chains.set(chain.run, { chain, weight });
    this.#weight += weight;
    for (const run of this.#chains.keys()) {
      if (this.#weight <= memory || run === chain.run) break;
      this.forget(run);
    }
  }
}
