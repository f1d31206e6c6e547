/**
 * A graph of 200 jobs from a JSON file: an atlas is printed, eight jobs at a time, until one of them fails.
 *
 * What it failed by is mended, and the run goes on from there. Then one job is done again, and what depends on it. Shows
 * how far it is, as a bar on a terminal and as plain lines elsewhere, and counts how often each job was done.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime, type Run } from 'savepoint';
import { progress, retryNode, workflowFromJSON } from 'savepoint/machines';
import { sqliteStore } from 'savepoint/sqlite';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import { PrintingHouse } from './press.ts';
import { ProgressBar } from './progress-bar.ts';

const AGAIN = 'fold-3';
/** What comes after it, one after another. */
const AFTER_IT = ['sew-3', 'look-over-3', 'glue', 'press', 'trim', 'wrap', 'send'];

const house = new PrintingHouse();
const definition: unknown = JSON.parse(readFileSync(new URL('./jobs.json', import.meta.url), 'utf8'));
const atlas = workflowFromJSON(definition, { tasks: { work: house.work } });

/** Shows how far a run is, until its end. */
async function ended(run: Run): Promise<string> {
  const bar = new ProgressBar();
  const watched = run.subscribe({ next: () => bar.show(progress(run)), error: () => {} });
  try {
    await run.done();
    return 'done';
  } catch (error) {
    return String(error);
  } finally {
    watched.unsubscribe();
    bar.show(progress(run));
    bar.end();
  }
}

async function story({ folder }: Stage): Promise<Promises> {
  const store = sqliteStore(join(folder, 'jobs.db'));
  const runtime = createRuntime({ store, machines: [atlas] });

  const first = await ended(await runtime.start(atlas, { id: 'atlas-1' }));
  console.log(`\n  ${first}\n`);
  const failed = progress(await runtime.checkpoint('atlas-1', (await runtime.get('atlas-1')).seq));
  const doneBefore = [...house.finished.keys()];

  house.broken = undefined;
  const second = await ended(await retryNode(runtime, 'atlas-1'));
  const inFlight = [...house.begun].filter(([, times]) => times > 1).map(([job]) => job);

  console.log(`\n  All is done. But ${AGAIN} was crooked: again, please.\n`);
  const finishedBefore = new Map(house.finished);
  const third = await ended(await retryNode(runtime, 'atlas-1', AGAIN));
  const again = [...house.finished].filter(([job, times]) => times !== finishedBefore.get(job));
  await runtime.close();
  await store.close();

  return new Map([
    [
      `colour-17 failed when ${failed.nodes.done} of ${failed.total} jobs were done; what was at work was stopped.`,
      first.includes("'colour-17' failed: The ink has dried up.") &&
        failed.total === 200 &&
        failed.nodes.done === doneBefore.length &&
        failed.nodes.done > 17,
    ],
    [
      `It was mended and went on: none of the ${doneBefore.length} was begun again, but only ${inFlight.join(', ')}.`,
      second === 'done' &&
        doneBefore.every((job) => house.begun.get(job) === (again.some(([name]) => name === job) ? 2 : 1)) &&
        inFlight.includes('colour-17') &&
        inFlight.length <= 8,
    ],
    [
      `All 200 jobs came to their end once, never more than ${house.most} at a time.`,
      finishedBefore.size === 200 &&
        [...finishedBefore.values()].every((times) => times === 1) &&
        house.most === 8,
    ],
    [
      `${AGAIN} was done again, and what depends on it: ${AFTER_IT.join(', ')}. Nothing else was.`,
      third === 'done' &&
        again
          .map(([job]) => job)
          .toSorted()
          .join() === [AGAIN, ...AFTER_IT].toSorted().join(),
    ],
  ]);
}

await perform(
  'Two hundred jobs, eight at a time: an atlas is printed, and the ink dries up in the middle.',
  'a graph from a JSON file failed, was mended, and went on without doing anything twice that was done.',
  story,
);
