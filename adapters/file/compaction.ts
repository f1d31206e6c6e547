/**
 * Writing a run's file anew, without what is in it for nothing.
 *
 * The new file is written beside the old one and takes its name. Nobody may append to the old one then, so its last
 * line says that it is sealed, which is a compare-and-swap like any other line; and the new file must not be older
 * than that line. Any number of processes may do this at once, and any of them may be stopped at any point:
 * 1. Each has a file of its own in tmp/, its token, and
 * 2. removes the tokens of all others for this run.
 * 3. It writes the file, syncs it, and seals the old one, unless another has.
 * 4. It sees that the old one still has its name, and
 * 5. renames its token, which fails where that has been removed.
 *
 * So only one of them gets to the end. Say that A renames first, and B later. B saw the old file in its place (4), so
 * it did that before A renamed; and before that it removed the tokens of others (2). If A's was among them, A cannot
 * have renamed it. If not, A made its token later than B looked, so later than B made its own: then A has removed
 * that of B before it renamed, and B cannot rename it.
 *
 * @module
 */
import { Copy } from './copy.ts';
import { type Disk, freeSpace, isMissing, removed, sync, syncFolder } from './disk.ts';
import type { Chain, RunFile } from './run-file.ts';
import type { RunFiles } from './run-files.ts';
import type { Tokens } from './tokens.ts';

/** In bytes: less garbage than this is left where it is. */
const smallGarbage = 64 * 1024;

/** How often others may come between, before it is left for another time. */
const attempts = 10;

/** Writes files of runs anew: in the background where it is worth it, or because one is sealed. */
export class Compaction {
  readonly #running = new Map<string, Promise<void>>();

  constructor(
    readonly disk: Disk,
    readonly files: RunFiles,
    readonly tokens: Tokens,
  ) {}

  /** Begins where it is worth it. */
  consider(chain: Chain): void {
    if (!this.#isWorthIt(chain)) return;
    // The next commit tries again; and until then the file is large, and nothing else.
    void this.rewrite(chain.run, (now) => this.#isWorthIt(now)).catch(() => {});
  }

  /** Sees to it that a sealed file is followed by another one. */
  finish(run: string): Promise<void> {
    return this.rewrite(run, ({ state }) => state.closed === 'sealed');
  }

  /**
   * Writes a file anew if that is needed still when nobody else is at it. Resolves when it is done, by whomever, or
   * when others came between, and it is to be seen how far they have come.
   */
  rewrite(run: string, isNeeded: (chain: Chain) => boolean): Promise<void> {
    let running = this.#running.get(run);
    if (running === undefined) {
      running = this.#rewrite(run, isNeeded).finally(() => this.#running.delete(run));
      this.#running.set(run, running);
    }
    return running;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** More has become garbage since the last time than there was to write then. */
  #isWorthIt({ state: { garbage, kept, closed }, end }: Chain): boolean {
    if (closed !== undefined || garbage - kept.garbage <= Math.max(smallGarbage, kept.bytes)) return false;
    // On a disk that is nearly full, commits come first.
    return freeSpace(this.disk, this.files.folder.path) > 2 * (end - garbage) + smallGarbage;
  }

  async #rewrite(run: string, isNeeded: (chain: Chain) => boolean): Promise<void> {
    const name = this.files.nameOf(run);
    await this.tokens.waitForOthers(name);
    const old = this.files.open(run, 'append');
    if (old === undefined) return;
    const token = this.tokens.name(name);
    let fd: number | undefined;
    try {
      old.checkWhole();
      if (isRemoved(old) || !isNeeded(old.chain)) return;
      fd = this.disk.openSync(token, 'wx+');
      this.tokens.removeOthers(name, token);
      const copy = new Copy(this.disk, fd, old.chain);
      await copy.writeKept(old);
      await sync(this.disk, fd);
      if (!this.#isSealed(old, copy)) return;
      if (this.disk.fstatSync(old.fd).ino !== this.disk.statSync(old.path).ino) return;
      this.disk.renameSync(token, old.path);
      this.files.remember(copy.chain);
      await syncFolder(this.disk, this.files.folder.runs);
    } catch (error) {
      // Somebody else removed the token, and writes the file, or has written it.
      if (!isMissing(error)) throw error;
    } finally {
      removed(this.disk, token);
      if (fd !== undefined) this.disk.closeSync(fd);
      old.close();
    }
  }

  /** The copy is as long as the old file, and that grows no more. */
  #isSealed(old: RunFile, copy: Copy): boolean {
    for (let attempt = 0; attempt < attempts; attempt++) {
      old.refresh();
      if (isRemoved(old)) return false;
      if (copy.catchUp(old)) this.disk.fdatasyncSync(copy.fd);
      if (old.state.closed === 'sealed') return true;
      // Nobody is to seal a file that has no name to give to the next one.
      if (this.disk.fstatSync(copy.fd).nlink === 0) return false;
      if (old.append({ sealed: true })) return true;
    }
    return false;
  }
}

function isRemoved({ state: { closed } }: RunFile): boolean {
  return closed !== undefined && closed !== 'sealed';
}
