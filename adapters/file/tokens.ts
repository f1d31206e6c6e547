/**
 * Files in tmp/ that are to take the place of runs' files; see compaction.ts.
 *
 * @module
 */
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Holder, isGone, thisHolder } from '../node/holder.ts';
import { type Disk, removed } from './disk.ts';
import type { Folder } from './folder.ts';

/**
 * For how long one is waited for that does nothing more, in milliseconds. Without it two would remove each other's
 * tokens again and again.
 */
const patience = 3000;

/** Names of tokens: of the run, and of the process, so that one that is gone is not waited for. */
export class Tokens {
  readonly #self: Holder = thisHolder();
  /** Where the ids of processes mean the same as here. */
  readonly #place: string = placeOf(this.#self);

  constructor(
    readonly disk: Disk,
    readonly folder: Folder,
  ) {}

  /** The path of a token that is not there yet. */
  name(file: string): string {
    const process = `${this.#self.pid}.${this.#self.proc?.start ?? ''}.${this.#place}`;
    return join(this.folder.tmp, `${file}~${process}~${randomUUID()}`);
  }

  /** Resolves when nobody else is at work on a file, as far as it can be seen. */
  async waitForOthers(file: string): Promise<void> {
    while (this.#of(file).some((token) => this.#isAtWork(token))) await sleep(5 + Math.random() * 20);
  }

  /** From now on nobody can give a new file this name who began before. */
  removeOthers(file: string, own: string): void {
    for (const token of this.#of(file)) if (token !== own) removed(this.disk, token);
  }

  #of(file: string): string[] {
    const names = this.disk.readdirSync(this.folder.tmp).filter((name) => name.startsWith(`${file}~`));
    return names.map((name) => join(this.folder.tmp, name));
  }

  #isAtWork(token: string): boolean {
    const stat = this.disk.statSync(token, { throwIfNoEntry: false });
    if (stat === undefined || Date.now() - stat.mtimeMs > patience) return false;
    const [pid = '', start = '', place] = token.split('~').at(-2)!.split('.');
    if (this.#self.proc === undefined || place !== this.#place) return true;
    return !isGone({ ...this.#self, pid: Number(pid), proc: { ...this.#self.proc, start } }, this.#self);
  }
}

function placeOf({ proc }: Holder): string {
  if (proc === undefined) return '';
  return createHash('sha256').update(`${proc.boot} ${proc.space}`).digest('hex').slice(0, 8);
}
