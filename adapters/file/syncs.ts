/**
 * Putting on the disk what was appended.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Compaction } from './compaction.ts';
import { type Disk, sync, syncFolder } from './disk.ts';
import { storeError } from './failure.ts';
import type { RunFile } from './run-file.ts';
import type { RunFiles } from './run-files.ts';

/**
 * A file that could not be synced is in doubt: its new lines are there for everybody to read, and perhaps not on the
 * disk; and asked again, the system says that all is well. So nothing is said of that run before its file has been
 * written anew.
 */
export class Syncs {
  /** Runs in doubt, and which files those are. */
  readonly #doubts = new Map<string, number>();

  /** The names of the store's own folders are known to be on the disk. */
  #isStoreListed = false;

  constructor(
    readonly disk: Disk,
    readonly files: RunFiles,
    readonly compaction: Compaction,
  ) {}

  get hasDoubts(): boolean {
    return this.#doubts.size > 0;
  }

  /**
   * Syncs files, and their names where they may be new, and closes them.
   *
   * @throws StoreError with the outcome `unknown` where that fails.
   */
  async sync(files: readonly RunFile[]): Promise<void> {
    const { path } = this.files.folder;
    const [names, ...contents] = await Promise.allSettled([
      this.#syncNames(files),
      ...files.map(({ fd }) => sync(this.disk, fd)),
    ]);
    let reason: unknown;
    for (const [i, { chain }] of files.entries()) {
      const broken = [contents[i], chain.isListed ? undefined : names].find(
        (one) => one?.status === 'rejected',
      );
      if (broken === undefined) chain.isListed = true;
      else {
        this.#doubts.set(chain.run, chain.inode);
        reason = broken.reason;
      }
    }
    for (const file of files) file.close();
    if (reason !== undefined) throw storeError(path, reason, 'unknown');
    for (const { chain } of files) this.compaction.consider(chain);
  }

  async #syncNames(files: readonly RunFile[]): Promise<void> {
    const { path, runs, above } = this.files.folder;
    if (files.every(({ chain }) => chain.isListed)) return;
    // Whoever made the store may not have come so far.
    const others = this.#isStoreListed ? [] : [path, ...above];
    await Promise.all([runs, ...others].map((folder) => syncFolder(this.disk, folder)));
    this.#isStoreListed = true;
  }

  /** Sees to it that a run is in doubt no longer. */
  async settle(run: string): Promise<void> {
    const inode = this.#doubts.get(run);
    if (inode === undefined) return;
    await this.compaction.rewrite(run, (chain) => chain.inode === inode);
    if (this.files.look(run, ({ chain }) => chain.inode) === inode) {
      throw new StoreError(
        `What was written to run '${run}' could not be put on the disk. Try again.`,
        'failed',
      );
    }
    this.#doubts.delete(run);
  }
}
