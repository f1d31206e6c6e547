/** A map of 10,000 items: it grows with its length, and the last item costs what an early one does. */
import { setImmediate } from 'node:timers/promises';
import { bytesWritten, figureOf, ratioOf } from './measure.ts';
import { median } from './median.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

const NAME = 'A map on SQLite NORMAL';
const SHORT = 1000;
const LONG = 10_000;
/** So many items are measured around the 100th, and before the last. */
const AROUND = 100;
/** A heap of a tenth of a megabyte is measured beside what others left in it: the middle of many tells more than of few. */
const TIMES = 3;

interface Took {
  /** Milliseconds. */
  readonly time: number;
  /** Bytes of heap, while its last item is worked on. */
  readonly heap: number;
  /** Of an item around the 100th, and of one of the last: milliseconds, and bytes that were written. */
  readonly early: readonly [ms: number, bytes: number];
  readonly late: readonly [ms: number, bytes: number];
}

export async function measureMap(subject: Subject, rounds: number, report: Report): Promise<void> {
  console.log(`\n${NAME}`);
  const short: Took[] = [];
  const long: Took[] = [];
  for (let round = 0; round <= rounds * TIMES; round++) {
    const [one, other] = [await runMap(subject, SHORT), await runMap(subject, LONG)];
    // The first round warms up.
    if (round === 0) continue;
    short.push(one);
    long.push(other);
  }
  const of = (list: readonly Took[], what: 'time' | 'heap'): number[] => list.map((took) => took[what]);
  for (const [items, list] of [
    [SHORT, short],
    [LONG, long],
  ] as const) {
    report.note(NAME, `${items} items, 8 at a time`, figureOf(of(list, 'time')), ' ms');
    report.note(
      NAME,
      `${items} items, heap at the last`,
      figureOf(of(list, 'heap').map((bytes) => bytes / 1e6)),
      ' MB',
    );
  }
  report.bar(`map: time of ${LONG} items, of ${SHORT}`, ratioOf(of(long, 'time'), of(short, 'time')), {
    most: 12,
  });
  report.bar(`map: memory of ${LONG} items, of ${SHORT}`, ratioOf(of(long, 'heap'), of(short, 'heap')), {
    most: 12,
  });
  for (const [at, what, unit, factor] of [
    [0, 'time', ' µs', 1000],
    [1, 'bytes written', ' B', 1],
  ] as const) {
    const early = long.map((took) => took.early[at]);
    const late = long.map((took) => took.late[at]);
    report.note(NAME, `item 100, ${what}`, figureOf(early.map((value) => value * factor)), unit);
    report.note(NAME, `item ${LONG}, ${what}`, figureOf(late.map((value) => value * factor)), unit);
    report.bar(`map: ${what} of item ${LONG}, of item 100`, ratioOf(late, early), { most: 1.5 });
  }
}

async function runMap(subject: Subject, items: number): Promise<Took> {
  // Several at a time for the time of all, one after another for the cost of one.
  const { time, heap } = await walk(subject, items, 8);
  const { early, late } = await walk(subject, items, 1);
  return { time, heap, early, late };
}

async function walk(
  { createRuntime, sqliteStore, workflow }: Subject,
  items: number,
  concurrency: number,
): Promise<Took> {
  const began = new Float64Array(items);
  const written = new Float64Array(items);
  let heap = 0;
  const machine = workflow({
    id: `map of ${items}`,
    nodes: (flow) =>
      flow.map('each', {
        over: () => Array.from({ length: items }, (_, at) => at),
        concurrency,
        run: async ({ input }) => {
          began[input] = performance.now();
          if (concurrency === 1 && isMeasured(input, items)) written[input] = bytesWritten();
          if (concurrency > 1 && input === items - 1) heap = await heapUsed();
          return input;
        },
      }),
    output: ({ results }) => results.each.length,
  });
  const before = await heapUsed();
  const store = sqliteStore(newFile(), { synchronous: 'normal' });
  const runtime = createRuntime({ store });
  const since = performance.now();
  if ((await (await runtime.start(machine)).done()) !== items) throw new Error('A map is not whole.');
  const time = performance.now() - since;
  await runtime.close();
  await store.close();
  const empty = Math.min(before, await heapUsed());
  const cost = (from: number): readonly [number, number] => [
    median(Array.from({ length: AROUND - 1 }, (_, at) => began[from + at + 1]! - began[from + at]!)),
    (written[from + AROUND - 1]! - written[from]!) / (AROUND - 1),
  ];
  return { time, heap: heap - empty, early: cost(AROUND / 2), late: cost(items - AROUND) };
}

/** At both ends of what is measured, so that looking costs nothing in between. */
const isMeasured = (item: number, items: number): boolean =>
  [AROUND / 2, AROUND / 2 + AROUND - 1, items - AROUND, items - 1].includes(item);

async function heapUsed(): Promise<number> {
  // What the run before left goes in several steps: a database that is closed, timers that have ended.
  for (let times = 0; times < 3; times++) {
    await setImmediate();
    globalThis.gc!();
  }
  return process.memoryUsage().heapUsed;
}
