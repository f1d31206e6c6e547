/** How things are measured: round after round, all contenders in each, and the medians of that. */
import { readFileSync, statSync } from 'node:fs';
import { median } from './median.ts';

/** What one round of one contender gave. */
export interface Sample {
  /** Steps or turns per second. */
  readonly rate: number;
  /** How long the last 100 turns took, as a multiple of the first 100. */
  readonly growth?: number;
  /** Bytes that the process wrote. */
  readonly written?: number;
  /** Bytes of the database once it is closed. */
  readonly stored?: number;
}

/** A median with its spread. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** Something to do, and who does it. */
export interface Workload {
  readonly name: string;
  readonly contenders: Readonly<Record<string, () => Promise<Sample>>>;
}

/** How often it is each contender's turn in a round, and for how long at least, in milliseconds. */
const VISITS = 3;
const WHILE = 350;
/** Whose turn takes as long as this, in milliseconds, has one a round. */
const LONG = 3000;

/**
 * All contenders in each round, several times by turns: a shared machine goes a third slower for seconds, and what counts is
 * the quickest go; who is quick has more of them. The first round warms up and is not counted. The garbage collector is left alone: a forced collection
 * throws optimized code away, and what is measured then is how fast it comes back. For the same reason the process keeps the
 * code that it does not use while the others go (`--no-flush-bytecode`): whoever goes first after them would have to compile
 * it anew for those that come next.
 */
export async function interleaved(rounds: number, { name, contenders }: Workload): Promise<Samples> {
  const samples = Object.fromEntries(Object.keys(contenders).map((who): [string, Sample[]] => [who, []]));
  for (let round = 0; round <= rounds; round++) {
    console.error(`${name}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`} …`);
    const goes = await takeTurns(contenders);
    if (round > 0) for (const who of Object.keys(contenders)) samples[who]!.push(quickestOf(goes.get(who)!));
  }
  return samples;
}

/** All goes of one round. */
async function takeTurns(contenders: Workload['contenders']): Promise<ReadonlyMap<string, Sample[]>> {
  const goes = new Map(Object.keys(contenders).map((who): [string, Sample[]] => [who, []]));
  const slow = new Set<string>();
  for (let visit = 0; visit < VISITS; visit++)
    for (const [who, run] of Object.entries(contenders)) {
      if (slow.has(who)) continue;
      const since = performance.now();
      do goes.get(who)!.push(await run());
      while (performance.now() - since < WHILE);
      if (performance.now() - since >= LONG) slow.add(who);
    }
  return goes;
}

/**
 * What slows one go is the machine's: a page of fresh memory may take a virtual one tens of microseconds, and the collector
 * asks for thousands of them whenever the heap grows.
 */
function quickestOf(goes: readonly Sample[]): Sample {
  const best = goes.reduce((one, other) => (other.rate > one.rate ? other : one));
  // A pause may fall into either end of a go.
  const growths = goes.flatMap(({ growth }) => growth ?? []);
  return growths.length > 0 ? { ...best, growth: median(growths) } : best;
}

export function figureOf(values: readonly number[]): Figure {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The ratio of the medians; its spread is that of the rounds, each compared with itself. */
export function ratioOf(values: readonly number[], others: readonly number[]): Figure {
  const { min, max } = figureOf(values.map((value, round) => value / others[round]!));
  return { median: median(values) / median(others), min, max };
}

/** The values of one kind in all samples. */
export function valuesOf(samples: readonly Sample[] | undefined, what: keyof Sample): number[] {
  return (samples ?? []).map((sample) => sample[what] ?? Number.NaN);
}

/** Bytes that this process has written so far; Linux alone tells. */
export function bytesWritten(): number {
  try {
    return Number(/wchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

/** Bytes of an SQLite database with its write-ahead log. */
export function databaseSize(file: string): number {
  return [file, `${file}-wal`].reduce(
    (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
