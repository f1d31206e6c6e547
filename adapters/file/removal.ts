/**
 * Removing the files of deleted runs whose ids are taken no longer.
 *
 * Whoever removes a file says so in its last line. Until it is gone nobody makes another file of that name: a process
 * that is stopped just before it removes one would remove that. Only if it is known to be gone, another does it.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { isGone, thisHolder, type Holder } from '../node/holder.ts';
import type { Catalog } from './catalog.ts';
import { type Disk, removed } from './disk.ts';
import type { RunFile } from './run-file.ts';
import type { RunFiles } from './run-files.ts';

/** Where a process cannot be known to be gone, in milliseconds. */
const longEnough = 60_000;

/** Removes files. */
export class Removal {
  readonly #self: Holder = thisHolder();
  /** Threads of one process are one holder. */
  readonly #by: string = randomUUID().slice(0, 8);

  constructor(
    readonly disk: Disk,
    readonly files: RunFiles,
    readonly catalog: Catalog,
  ) {}

  /** Removes the files of all runs whose tombstones have had their time. */
  sweep(): void {
    for (const run of this.catalog.forgotten()) {
      try {
        this.#clear(run);
      } catch {
        // It is in nobody's way. Another handle removes it, or the next one who opens the store.
      }
    }
  }

  /** Removes a file that another process was about to remove. False: it may be at it still. */
  takeOver(file: RunFile): boolean {
    const { closed } = file.state;
    if (closed === undefined || closed === 'sealed') return false;
    const { by, at } = closed;
    const isOver = isGone(by, this.#self) || (by.proc === undefined && Date.now() - at > longEnough);
    return isOver && this.#remove(file);
  }

  #clear(run: string): void {
    const file = this.files.open(run, 'append');
    if (file === undefined) return this.catalog.missed(run);
    try {
      const { buried = Infinity, closed } = file.state;
      if (buried <= Date.now() && closed === undefined) this.#remove(file);
    } finally {
      file.close();
    }
  }

  #remove(file: RunFile): boolean {
    if (!file.append({ by: this.#by, ended: { by: this.#self, at: Date.now() } })) return false;
    removed(this.disk, file.path);
    this.files.forget(file.chain.run);
    this.catalog.missed(file.chain.run);
    return true;
  }
}
