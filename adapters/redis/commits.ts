/**
 * `commit`: batches of writes, atomic for each run.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Outcome, RunCommit } from '../../src/store.ts';
import { type Arg, sizeOf } from './bytes.ts';
import type { Connection } from './connection.ts';
import { encodeCommit } from './encode-commit.ts';
import { codeOf, ConnectionError, failed } from './failure.ts';
import { unordered } from './order.ts';
import { commitScript } from './scripts/commit.ts';
import { decodeText } from './text.ts';

/** The server does nothing else while it runs a script: a large batch is written by several. */
const mostCommits = 1000;
const mostBytes = 16 * 1024 * 1024;
/** What Redis takes as one value or one command; past that, it closes the connection. */
const largest = 512 * 1024 * 1024;

/** Commits of a batch that are written by one script. */
export interface Chunk {
  readonly runs: string[];
  readonly args: Arg[];
  bytes: number;
}

export class Commits {
  constructor(
    readonly connection: Connection,
    readonly store: string,
    /** Tells others what was committed. */
    readonly teller: readonly [channel: Arg, self: Arg],
  ) {}

  /**
   * The scripts that write a batch. Made before anything is waited for: whoever commits may change what they
   * gave as soon as they have a promise.
   */
  chunks(batch: readonly RunCommit[]): Chunk[] {
    const chunks: Chunk[] = [];
    let chunk: Chunk | undefined;
    for (const commit of batch) {
      const args = encodeCommit(commit);
      const bytes = args.reduce<number>((sum, arg) => sum + sizeOf(arg), 0);
      if (chunk === undefined || chunk.runs.length === mostCommits || chunk.bytes + bytes > mostBytes) {
        chunks.push((chunk = { runs: [], args: [...this.teller], bytes: 0 }));
      }
      chunk.runs.push(commit.run);
      chunk.args.push(String(args.length), ...args);
      chunk.bytes += bytes;
    }
    return chunks;
  }

  /** One after the other: a run may be in several, and what is later finds what was earlier. */
  async write(chunks: readonly Chunk[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const chunk of chunks) outcomes.push(...(await this.#write(chunk)));
    return outcomes;
  }

  async #write({ runs, args, bytes }: Chunk): Promise<Outcome[]> {
    if (bytes > largest) {
      return runs.map((run) => this.#refused(run, 'it is larger than the 512 MB that Redis takes'));
    }
    let reply;
    try {
      reply = await this.connection.run(commitScript, args);
    } catch (error) {
      if (error instanceof ConnectionError && error.isUnknown) throw error;
      return runs.map(() => failed(this.store, error));
    }
    const [letters, extras] = reply as unknown as readonly [letters: Buffer, extras: readonly Buffer[]];
    // Those that have more to say have left it in their order.
    const more = extras[Symbol.iterator]();
    const next = (): Buffer => more.next().value as Buffer;
    return runs.map((run, i): Outcome => {
      const letter = String.fromCharCode(letters[i]!);
      if (letter === 'F') return this.#refused(run, next().toString());
      if (letter === 't') {
        return { status: 'taken', message: { id: unordered(next()), value: decodeText(next()) } };
      }
      return { status: outcomes[letter as keyof typeof outcomes] };
    });
  }

  #refused(run: string, reason: string): Outcome {
    const error = new Error(reason);
    if (codeOf(error) !== undefined) return failed(`${this.store}, run '${run}',`, error);
    return {
      status: 'failed',
      error: new StoreError(`Run '${run}' was not written: ${reason}.`, 'failed'),
      retry: false,
    };
  }
}

const outcomes = { c: 'committed', e: 'exists', x: 'conflict', f: 'fenced' } as const;
