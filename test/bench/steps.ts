/** W1 and W5: runs that take their steps one after another, a checkpoint each. */
import { createActor, waitFor } from 'xstate';
import type { Store } from 'savepoint';
import { steps } from './machines.ts';
import { interleaved, rateSince, ratioOf, valuesOf, type Sample } from './measure.ts';
import { byHand, nothing, rawInserts, type Keeper } from './without.ts';
import { newFile, type Workload } from './workload.ts';

const RAW = 'bare machine, one raw 200-byte INSERT a step';
const NORMAL = 'savepoint, SQLite NORMAL';
const FULL = 'savepoint, SQLite FULL';

/** W1: 1,000 steps of one run. */
export async function measureOneRun(workload: Workload): Promise<void> {
  const rates = await measure(workload, 'W1: 1 run, 1,000 steps', 1, 1000);
  workload.report.bar('W1 NORMAL, of raw inserts', ratioOf(rates(NORMAL), rates(RAW)), { least: 0.75 });
}

/** W5: 20 steps each of 1,000 runs at once. */
export async function measureManyRuns(workload: Workload): Promise<void> {
  const rates = await measure(workload, 'W5: 1,000 runs at once, 20 steps each', 1000, 20);
  workload.report.bar('W5 NORMAL, of raw inserts', ratioOf(rates(NORMAL), rates(RAW)), { least: 1 });
  workload.report.bar('W5 FULL, of raw inserts (NORMAL)', ratioOf(rates(FULL), rates(RAW)), { least: 0.85 });
}

async function measure({ subject, rounds, report }: Workload, name: string, runs: number, each: number) {
  const { sqliteStore, memoryStore } = subject;
  const without = (keeper: () => Keeper) => () => stepWithout(keeper(), runs, each);
  const within = (store: () => Store) => () => stepWithin(subject, store(), runs, each);
  const samples = await interleaved(rounds, {
    'bare machine': without(() => nothing),
    [RAW]: without(() => rawInserts(newFile())),
    'XState by hand, NORMAL': without(() => byHand(newFile())),
    [NORMAL]: within(() => sqliteStore(newFile(), { synchronous: 'normal' })),
    [FULL]: within(() => sqliteStore(newFile(), { synchronous: 'full' })),
    'savepoint, memory': within(memoryStore),
  });
  report.table(name, samples);
  return (contender: typeof RAW | typeof NORMAL | typeof FULL) => valuesOf(samples[contender], 'rate');
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

async function stepWithin(
  { createRuntime }: Workload['subject'],
  store: Store,
  runs: number,
  each: number,
): Promise<Sample> {
  const runtime = createRuntime({ store, machines: [steps] });
  const since = performance.now();
  const ended = await Promise.all(
    idsOf(runs).map(async (id) => {
      const run = await runtime.start(steps, { id, input: { steps: each } });
      return { sum: await run.done(), seq: run.seq };
    }),
  );
  const rate = rateSince(since, runs * each);
  checkAll(
    ended.map(({ sum }) => sum),
    each,
  );
  // One for the start, and one a step.
  checkAll(
    ended.map(({ seq }) => seq),
    each + 1,
  );
  await runtime.close();
  await store.close();
  return { rate };
}

const idsOf = (runs: number): string[] => Array.from({ length: runs }, (_, run) => `run-${run}`);

function checkAll(values: readonly (number | undefined)[], expected: number): void {
  const wrong = values.find((value) => value !== expected);
  if (wrong !== undefined || values.includes(undefined))
    throw new Error(`A run ended with ${wrong} in place of ${expected}.`);
}
