/**
 * Writing to runs: look, decide, append, sync.
 *
 * All but the sync is done in one go, so nothing of this process comes between. What other processes do between the
 * look and the line is found out when the line is there, and then it is decided anew.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from './catalog.ts';
import type { Changes } from './changes.ts';
import type { Compaction } from './compaction.ts';
import type { RunLine } from './record.ts';
import type { Removal } from './removal.ts';
import type { RunFile } from './run-file.ts';
import type { RunFiles } from './run-files.ts';
import type { Syncs } from './syncs.ts';

/** So many files are open at once, and so many are synced together. */
const slice = 128;

/** How often one looks whether another process has removed a file, and how long one waits between, in milliseconds. */
const patience = { times: 50, pause: 10 };

/** What is to be done about one run. */
export interface Job<T> {
  readonly run: string;
  /** Looks at the run as it is, and says what to append. `undefined`: it has no file. */
  decide(file: RunFile | undefined): Decision<T>;
}

/** What a look at a run came to. */
export interface Decision<T> {
  readonly answer: T;
  /** What makes the answer true. Missing: there is nothing to write. */
  readonly line?: RunLine | undefined;
  /** The answer rests on what another process may have written a moment ago. */
  readonly rests?: true | undefined;
}

/** What became of a job. An error: nothing was written. */
export type Done<T> = { readonly answer: T } | { readonly error: unknown };

interface Waiting<T> {
  readonly job: Job<T>;
  /** Where it is among the jobs. */
  readonly at: number;
}

interface Pending<T> extends Waiting<T> {
  readonly file: RunFile;
  readonly answer: T;
  readonly line: RunLine;
  /** The sum of the last line that was seen when it was decided. */
  readonly after: string;
}

/** What has to be done before the next slice. */
interface Sliced<T> {
  /** To be synced and closed. */
  readonly files: RunFile[];
  readonly again: Waiting<T>[];
  /** Runs whose files must be written anew first. */
  readonly sealed: string[];
  /** Another process is about to remove a file. */
  mustWait: boolean;
}

/** Writes to any number of runs. */
export class Writer {
  constructor(
    readonly files: RunFiles,
    readonly changes: Changes,
    readonly catalog: Catalog,
    readonly compaction: Compaction,
    readonly syncs: Syncs,
    readonly removal: Removal,
  ) {}

  /**
   * Does jobs, each on what those before it left; answers in their order.
   *
   * @throws StoreError with the outcome `unknown` where a file cannot be synced.
   */
  async write<T>(jobs: readonly Job<T>[]): Promise<Done<T>[]> {
    const done: Done<T>[] = [];
    let waiting: readonly Waiting<T>[] = jobs.map((job, at) => ({ job, at }));
    for (let waits = 0; waiting.length > 0;) {
      const length = distinct(waiting);
      if (this.syncs.hasDoubts) await this.#settle(waiting.slice(0, length), done);
      const sliced = this.#writeSlice(waiting.slice(0, length), done, waits < patience.times);
      if (sliced.files.length > 0) await this.syncs.sync(sliced.files);
      await this.#unseal(sliced, done);
      if (sliced.mustWait) {
        waits++;
        await sleep(patience.pause);
      }
      waiting = [...sliced.again, ...waiting.slice(length)];
    }
    return done;
  }

  /** Does one job, and throws what it comes to where that is an error. */
  async writeOne<T>(job: Job<T>): Promise<T> {
    const [done] = await this.write([job]);
    if ('error' in done!) throw done.error;
    return done!.answer;
  }

  /** Has sealed files written anew. */
  async #unseal<T>({ sealed, again }: Sliced<T>, done: Done<T>[]): Promise<void> {
    for (const run of sealed) {
      try {
        await this.compaction.finish(run);
      } catch (error) {
        for (const { job, at } of again) if (job.run === run) done[at] = { error };
      }
    }
  }

  async #settle<T>(waiting: readonly Waiting<T>[], done: Done<T>[]): Promise<void> {
    for (const { job, at } of waiting) {
      try {
        await this.syncs.settle(job.run);
      } catch (error) {
        done[at] = { error };
      }
    }
  }

  #writeSlice<T>(waiting: readonly Waiting<T>[], done: Done<T>[], isPatient: boolean): Sliced<T> {
    const sliced: Sliced<T> = { files: [], again: [], sealed: [], mustWait: false };
    const pending: Pending<T>[] = [];
    for (const one of waiting) {
      if (done[one.at] !== undefined) continue;
      try {
        const found = this.#decide(one, sliced, isPatient);
        if (found !== undefined && 'line' in found) pending.push(found);
        else if (found !== undefined) done[one.at] = found;
      } catch (error) {
        done[one.at] = { error };
      }
    }
    try {
      this.changes.announce(pending.map(({ job, file }) => [job.run, file.chain.n + 1]));
    } catch (error) {
      for (const { at, file } of pending) {
        done[at] = { error };
        file.close();
      }
      return sliced;
    }
    for (const { job, at, file, answer, line, after } of pending) {
      try {
        // What was decided on another last line than the one that is known now is decided anew.
        const isWritten = file.chain.sum === after && file.append(line);
        this.catalog.saw(file.chain);
        if (isWritten) {
          done[at] = { answer };
          sliced.files.push(file);
          continue;
        }
        sliced.again.push({ job, at });
      } catch (error) {
        done[at] = { error };
      }
      file.close();
    }
    return sliced;
  }

  /** What to append, or what it has come to. `undefined`: it has to be tried again. */
  #decide<T>(one: Waiting<T>, sliced: Sliced<T>, isPatient: boolean): Pending<T> | Done<T> | undefined {
    const { job } = one;
    let file = this.files.open(job.run, 'append');
    let isLeftOpen = false;
    try {
      if (file?.state.closed === 'sealed') {
        sliced.sealed.push(job.run);
        sliced.again.push(one);
        return undefined;
      }
      file?.checkWhole();
      const isEnded = file?.state.closed !== undefined;
      const { answer, line, rests } = job.decide(isEnded ? undefined : file);
      if (line === undefined) {
        if (rests === true && file !== undefined) isLeftOpen = sliced.files.push(file) > 0;
        return { answer };
      }
      if (file !== undefined && isEnded) {
        if (!this.removal.takeOver(file)) {
          if (!isPatient) throw beingRemoved(file.path);
          sliced.mustWait = true;
        }
        sliced.again.push(one);
        return undefined;
      }
      if (file === undefined) {
        file = this.files.open(job.run, 'create')!;
        // Another process has made it since.
        if (file.chain.n > 0 || file.chain.damage !== undefined) {
          sliced.again.push(one);
          return undefined;
        }
      }
      isLeftOpen = true;
      return { ...one, file, answer, line, after: file.chain.sum };
    } finally {
      if (!isLeftOpen) file?.close();
    }
  }
}

/** How many of the first ones are about different runs. */
function distinct(waiting: readonly Waiting<unknown>[]): number {
  const runs = new Set<string>();
  for (const { job } of waiting) {
    if (runs.has(job.run) || runs.size === slice) break;
    runs.add(job.run);
  }
  return runs.size;
}

function beingRemoved(path: string): Error {
  const error: NodeJS.ErrnoException = new Error(`another process is removing ${path}`);
  error.code = 'EAGAIN';
  return error;
}
