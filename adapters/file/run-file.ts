/**
 * The file of one run: a chain of lines.
 *
 * Any process may append at any time, without a lock. Each line says the how manieth it is (`n`) and the sum of the
 * one before it (`prev`), and only the first line that follows the last one counts. So an append is a
 * compare-and-swap:
 * - The kernel puts appended bytes behind what is there, whoever appends (O_APPEND), so all processes see the lines
 *   in one order and agree on which of them count.
 * - A process looks at the run, decides, and appends a line that follows what it saw. If another line came first, its
 *   own is void: it reads what came, and decides anew. A process that was stopped in between, for however long, is
 *   no exception: its late line is void when it arrives.
 * - A line that was cut off (a killed process, a full disk) has no newline, or holes after a power cut. It is void,
 *   and the next line follows the same one that it did. Nothing is ever cut from a file: whoever cuts may have been
 *   stopped before, and would cut what others have written since.
 * - A line that does not follow, and is not late, tells that one before it is damaged; so does an unreadable one at
 *   the end. What comes before can still be read.
 *
 * @module
 */
import { CorruptCheckpointError, StoreError } from '../../src/errors.ts';
import { type Disk, freeSpace, writeWhole } from './disk.ts';
import { encodeLine, readLines, readRecord, sumAt } from './line.ts';
import type { ChainedLine, RunLine } from './record.ts';
import { RunState, type Place } from './run-state.ts';

/** Of nothing: the first line follows it. */
const noSum = '00000000';

/** A line of at least so many bytes is worth a look at the room that is left. */
const largeLine = 16 * 1024;

/** How far a file is known. */
export class Chain {
  readonly state: RunState = new RunState();
  /** The number of the last line that counts. */
  n = 0;
  sum: string = noSum;
  /** Where it begins. */
  last = 0;
  /** Where the next line is looked for. */
  end = 0;
  /** How many lines of text there are up to `end`. */
  lines = 0;
  /** Bytes without a newline are behind `end`. */
  hasRest = false;
  /** What is wrong with the file, and in which line of text. */
  damage: { readonly line: number; readonly reason: string } | undefined;
  /** What is in the file is not what was read before. */
  hasChanged = false;
  /** The name of the file is known to be on the disk. */
  isListed = false;

  constructor(
    readonly run: string,
    readonly inode: number,
  ) {}

  /** Does this line follow, does it come too late, or is one missing before it? */
  place({ n, prev, kept }: ChainedLine): 'next' | 'late' | 'gap' {
    if (this.n === 0 && this.end === 0 && kept === true) return 'next';
    if (n === this.n + 1 && prev === this.sum) return 'next';
    return n <= this.n ? 'late' : 'gap';
  }
}

/** A run's file, open. */
export class RunFile {
  constructor(
    readonly disk: Disk,
    readonly path: string,
    readonly fd: number,
    readonly chain: Chain,
  ) {}

  get state(): RunState {
    return this.chain.state;
  }

  /** Whether the file is the one that the chain tells of, and not one that was put in its place. */
  isKnown(): boolean {
    const { n, sum, last, hasChanged } = this.chain;
    if (hasChanged) return false;
    return n === 0 || sumAt(this.disk, this.fd, last) === sum;
  }

  /**
   * Reads what is new.
   *
   * @returns whether a line with this sum was among it, and counts.
   */
  refresh(sought?: string): boolean {
    const { chain } = this;
    let isFound = false;
    let lines = chain.lines;
    let doubt: typeof chain.damage;
    chain.hasRest = false;
    chain.damage = undefined;
    for (const piece of readLines(this.disk, this.fd, chain.end)) {
      if (piece.kind === 'rest') {
        chain.hasRest = true;
        break;
      }
      lines++;
      let place: ReturnType<Chain['place']> = 'late';
      if (piece.kind === 'unreadable') {
        if (!piece.isTorn) doubt ??= { line: lines, reason: 'is not what was written' };
      } else if (chain.state.closed === undefined) {
        place = chain.place(piece.record as ChainedLine);
        if (place === 'gap') doubt ??= { line: lines, reason: 'does not follow the one before it' };
      }
      if (place === 'gap') break;
      if (place === 'next') {
        this.#accept(piece.at, piece.end - piece.at, piece as Extract<typeof piece, { kind: 'line' }>);
        isFound ||= chain.sum === sought;
        doubt = undefined;
      }
      // What is in doubt is looked at again the next time: it may have been mended.
      if (doubt === undefined) {
        chain.end = piece.end;
        chain.lines = lines;
      }
    }
    chain.damage = doubt;
    return isFound;
  }

  /**
   * Appends a line that follows the last one. It is on the disk when the file has been synced.
   *
   * @returns false where another line came first: the state then tells of that one.
   * @throws where nothing was written, or only a part, which is void.
   */
  append(line: RunLine): boolean {
    const { chain } = this;
    const { sum, bytes } = encodeLine({ n: chain.n + 1, prev: chain.sum, ...line } satisfies ChainedLine);
    if (bytes.length >= largeLine) this.#makeSureOfRoom(bytes.length);
    const { end, hasRest } = chain;
    try {
      writeWhole(this.disk, this.fd, bytes);
    } finally {
      chain.hasRest = true;
    }
    if (hasRest || sumAt(this.disk, this.fd, end) !== sum) return this.refresh(sum);
    this.#accept(end, bytes.length, { sum, record: { ...line, n: chain.n + 1 } });
    chain.end = end + bytes.length;
    chain.lines++;
    chain.hasRest = false;
    return true;
  }

  /** @throws StoreError where the line has changed since it was first read. */
  read({ at, length }: Place): RunLine {
    return readRecord(this.disk, this.fd, at, length) ?? this.changed(at);
  }

  /** Something that was read before is not there any more: the file has to be read anew. */
  changed(at: number): never {
    this.chain.hasChanged = true;
    throw new StoreError(`${this.path} has changed at byte ${at} since it was read.`, 'failed');
  }

  /** @throws CorruptCheckpointError where a line is damaged. */
  checkWhole(): void {
    const { damage, run, state } = this.chain;
    if (damage === undefined) return;
    const reason = `line ${damage.line} of ${this.path} ${damage.reason}. With that line and all behind it cut off, the run goes on from here`;
    throw new CorruptCheckpointError(run, state.seq + 1, reason);
  }

  close(): void {
    this.disk.closeSync(this.fd);
  }

  #accept(at: number, length: number, { sum, record }: { sum: string; record: object }): void {
    const { chain } = this;
    const line = record as ChainedLine;
    if (line.run !== undefined && line.run !== chain.run) {
      throw new StoreError(
        `The file ${this.path} holds the run '${line.run}', not '${chain.run}'. Give it its own name back.`,
        'failed',
      );
    }
    chain.state.apply(line, at, length);
    chain.n = line.n;
    chain.sum = sum;
    chain.last = at;
  }

  /** A part of a line stays behind where it has no room, so a large one is not even begun. */
  #makeSureOfRoom(bytes: number): void {
    const left = freeSpace(this.disk, this.path);
    if (left > bytes) return;
    const error: NodeJS.ErrnoException = new Error(`${left} bytes are left for a line of ${bytes}`);
    error.code = 'ENOSPC';
    throw error;
  }
}
