/**
 * A run's file anew: what is alive in the old one.
 *
 * @module
 */
import { type Disk, writeWhole } from './disk.ts';
import { encodeLine, readLines } from './line.ts';
import { pause } from './pause.ts';
import { type ChainedLine, type RunLine, storedHead } from './record.ts';
import { Chain, type RunFile } from './run-file.ts';
import type { KnownCheckpoint, RunState } from './run-state.ts';
import { firstAt } from './search.ts';

/** In bytes: so much is read before others have their turn. */
const slice = 256 * 1024;

/** A new file, which is as far as the old one was at some time. */
export class Copy {
  /** Of the new file. Its numbers go on where those of the old one are. */
  readonly chain: Chain;
  /** What of the old file is copied. */
  readonly #seen: Chain;

  constructor(
    readonly disk: Disk,
    readonly fd: number,
    { run, inode, n, sum, end }: Chain,
  ) {
    this.chain = new Chain(run, disk.fstatSync(fd).ino);
    this.chain.n = n;
    this.#seen = new Chain(run, inode);
    this.#seen.n = n;
    this.#seen.sum = sum;
    this.#seen.end = end;
  }

  /** Writes what is alive. What dies meanwhile is said by the lines that `catchUp` copies. */
  async writeKept(old: RunFile): Promise<void> {
    const { state } = old;
    const { end } = this.#seen;
    this.#write({ ...essence(old), kept: true });
    let read = 0;
    for (const piece of readLines(this.disk, old.fd, 0)) {
      if (piece.at >= end) break;
      if (piece.kind !== 'line') continue;
      const line = alive(piece.record, piece.at, state);
      if (line !== undefined) this.#write({ ...line, kept: true });
      read += piece.end - piece.at;
      if (read < slice) continue;
      read = 0;
      await pause();
    }
  }

  /** Writes the lines that have come since. False: there were none. */
  catchUp(old: RunFile): boolean {
    const seen = this.#seen;
    const before = this.chain.n;
    for (const piece of readLines(this.disk, old.fd, seen.end)) {
      if (piece.kind !== 'line' || piece.at >= old.chain.end) continue;
      const { n, prev, ...line } = piece.record as ChainedLine;
      if (seen.place({ n, prev }) !== 'next') continue;
      seen.n = n;
      seen.sum = piece.sum;
      seen.end = piece.end;
      if (line.sealed === true) break;
      this.#write(line);
    }
    return this.chain.n > before;
  }

  #write(line: RunLine): void {
    const { chain } = this;
    const { bytes, sum } = encodeLine({ n: chain.n + 1, prev: chain.sum, ...line } satisfies ChainedLine);
    writeWhole(this.disk, this.fd, bytes);
    chain.state.apply(line, chain.end, bytes.length);
    chain.n++;
    chain.sum = sum;
    chain.last = chain.end;
    chain.end += bytes.length;
    chain.lines++;
  }
}

/** All of a run but its checkpoints and rows. */
function essence(file: RunFile): RunLine {
  const { head, fence, hold, inbox, questions, buried } = file.state;
  const messages = [...inbox].flatMap(([id, place]) =>
    file.read(place).messages!.filter((one) => one.id === id),
  );
  return {
    run: file.chain.run,
    ...(buried !== undefined && { buried }),
    fence,
    ...(hold !== undefined && { hold }),
    ...(head !== undefined && { head: storedHead(head) }),
    ...(questions.size > 0 && { ask: [...questions.values()] }),
    ...(messages.length > 0 && { messages }),
  };
}

/** The checkpoints and rows of a line that are still good. */
function alive(line: RunLine, at: number, state: RunState): RunLine | undefined {
  const checkpoints = line.checkpoints?.filter(({ seq }) => isAt(state.checkpoints, seq, at)) ?? [];
  const put = line.put?.filter(({ kind, key }) => state.rows.get(kind)?.places.get(key)?.at === at) ?? [];
  if (checkpoints.length === 0 && put.length === 0) return undefined;
  return {
    ...(checkpoints.length > 0 && { checkpoints }),
    ...(put.length > 0 && { put }),
  };
}

function isAt(checkpoints: readonly KnownCheckpoint[], wanted: number, at: number): boolean {
  const one = checkpoints[firstAt(checkpoints, ({ seq }) => seq < wanted)];
  return one?.seq === wanted && one.at === at;
}
