/** W1 and W5: runs that take their steps one after another, a checkpoint or a journal entry each. */
import { createActor, waitFor } from 'xstate';
import type { Store } from 'savepoint';
import { makeWalk, steps } from './machines.ts';
import { ratioOf, valuesOf, type Figure, type Sample, type Samples, type Workload } from './measure.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';
import { checkAll, idsOf, rateSince, takeSteps } from './work.ts';
import { byHand, insertRows, nothing, rawInserts, type Keeper } from './without.ts';

const RAW = 'bare machine, one raw 200-byte INSERT a step';
const NORMAL = 'savepoint, SQLite NORMAL';
const FULL = 'savepoint, SQLite FULL';
const DURABLE_NORMAL = 'savepoint fromDurable, SQLite NORMAL';
const DURABLE_FULL = 'savepoint fromDurable, SQLite FULL';
const ROWS_NORMAL = 'raw 200-byte INSERTs alone, NORMAL';
const ROWS_FULL = 'raw 200-byte INSERTs alone, FULL';

/** W1: 1,000 steps of one run. */
export function oneRun(subject: Subject): Workload {
  const { name, contenders } = steppingRuns('W1: 1 run, 1,000 steps', subject, 1, 1000);
  return {
    name,
    contenders: {
      ...contenders,
      [ROWS_NORMAL]: async () => insertRows(newFile(), 'NORMAL', 1000),
      [ROWS_FULL]: async () => insertRows(newFile(), 'FULL', 1000),
    },
  };
}

/** W5: 20 steps each of 1,000 runs at once. */
export const manyRuns = (subject: Subject): Workload =>
  steppingRuns('W5: 1,000 runs at once, 20 steps each', subject, 1000, 20);

export function judgeOneRun(samples: Samples, report: Report): void {
  report.bar('W1 NORMAL, of raw inserts', rateOf(samples, NORMAL, RAW), { least: 0.75 });
  report.bar('W1 fromDurable NORMAL, of inserts alone', rateOf(samples, DURABLE_NORMAL, ROWS_NORMAL), {
    least: 0.6,
  });
  report.bar('W1 fromDurable FULL, of inserts alone', rateOf(samples, DURABLE_FULL, ROWS_FULL), {
    least: 0.5,
  });
}

export function judgeManyRuns(samples: Samples, report: Report): void {
  report.bar('W5 NORMAL, of raw inserts', rateOf(samples, NORMAL, RAW), { least: 1 });
  report.bar('W5 FULL, of raw inserts in NORMAL', rateOf(samples, FULL, RAW), { least: 0.85 });
  report.bar('W5 fromDurable NORMAL, of the machine', rateOf(samples, DURABLE_NORMAL, NORMAL), { least: 5 });
}

const rateOf = (samples: Samples, one: string, other: string): Figure =>
  ratioOf(valuesOf(samples[one], 'rate'), valuesOf(samples[other], 'rate'));

function steppingRuns(name: string, subject: Subject, runs: number, each: number): Workload {
  const { sqliteStore, memoryStore } = subject;
  const without = (keeper: () => Keeper) => () => stepWithout(keeper(), runs, each);
  const within = (store: () => Store) => async () => ({
    rate: await takeSteps(subject, store(), steps, runs, each),
  });
  const walk = makeWalk(subject);
  const durably = (store: () => Store) => async () => ({
    rate: await takeSteps(subject, store(), walk, runs, each),
  });
  return {
    name,
    contenders: {
      'bare machine': without(() => nothing),
      [RAW]: without(() => rawInserts(newFile())),
      'XState by hand, NORMAL': without(() => byHand(newFile())),
      [NORMAL]: within(() => sqliteStore(newFile(), { synchronous: 'normal' })),
      [FULL]: within(() => sqliteStore(newFile(), { synchronous: 'full' })),
      'savepoint, memory': within(memoryStore),
      [DURABLE_NORMAL]: durably(() => sqliteStore(newFile(), { synchronous: 'normal' })),
      [DURABLE_FULL]: durably(() => sqliteStore(newFile(), { synchronous: 'full' })),
    },
  };
}

async function stepWithout(keeper: Keeper, runs: number, each: number): Promise<Sample> {
  const since = performance.now();
  const sums = await Promise.all(
    idsOf(runs).map(async (id) => {
      const actor = createActor(steps, { input: { steps: each } });
      keeper.keep(id, actor);
      const end = await waitFor(actor.start(), ({ status }) => status === 'done', { timeout: Infinity });
      return end.output;
    }),
  );
  const rate = rateSince(since, runs * each);
  checkAll(sums, each);
  keeper.close();
  return { rate };
}
