/** The first page of 100,000 open questions, beside the same page of 100. */
import type { Runtime, Store } from 'savepoint';
import { figureOf, ratioOf } from './measure.ts';
import { median } from './median.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

const NAME = 'Listing: the first page of all open questions';
const FEW = 100;
const MANY = 100_000;
const PAGE = 50;
const PER_RUN = 10;
const OWNER = 'bench';
/** Pages a round: one alone takes less than a millisecond. */
const PAGES = 20;

type RunCommit = Parameters<Store['commit']>[0][number];
type Query = Parameters<Runtime['inputs']>[0];

/** Each leaves at least a page of the few. */
const queries: Readonly<Record<string, Query>> = {
  'all of them': {},
  'of a machine': { machine: 'review' },
  'of an assignee': { assignee: 'ann' },
  'with a tag': { tag: 'urgent' },
};

export async function measureListing(subject: Subject, rounds: number, report: Report): Promise<void> {
  console.log(`\n${NAME}`);
  const few = await fill(subject, FEW);
  const many = await fill(subject, MANY);
  for (const [what, query] of Object.entries(queries)) {
    const took: Record<'few' | 'many', number[]> = { few: [], many: [] };
    for (let round = 0; round <= rounds; round++) {
      const pages = { few: [] as number[], many: [] as number[] };
      for (let page = 0; page < PAGES; page++) {
        pages.few.push(await milliseconds(few.runtime, query));
        pages.many.push(await milliseconds(many.runtime, query));
      }
      // The first warms up.
      if (round === 0) continue;
      took.few.push(median(pages.few));
      took.many.push(median(pages.many));
    }
    report.note(NAME, `${what}, 100 open`, figureOf(took.few), ' ms');
    report.note(NAME, `${what}, 100,000 open`, figureOf(took.many), ' ms');
    report.bar(`listing ${what}: a page of 100,000, of 100`, ratioOf(took.many, took.few), { most: 5 });
  }
  await few.close();
  await many.close();
}

async function milliseconds(runtime: Runtime, query: Query): Promise<number> {
  const since = performance.now();
  let listed = 0;
  for await (const input of runtime.inputs(query)) {
    if (input.prompt === undefined) throw new Error('A question lost what it asks.');
    if (++listed === PAGE) break;
  }
  if (listed < PAGE) throw new Error(`A page had ${listed} questions.`);
  return performance.now() - since;
}

/** A file with so many open questions, put there as commits of runs put them. */
async function fill({ createRuntime, sqliteStore }: Subject, count: number) {
  const store = sqliteStore(newFile(), { synchronous: 'normal' });
  await store.lease(OWNER, 60_000);
  const runs = Array.from({ length: count / PER_RUN }, (_, n) => startOf(n));
  for (let from = 0; from < runs.length; from += 500) await store.commit(runs.slice(from, from + 500));
  await store.lease(OWNER, 0);
  const runtime = createRuntime({ store });
  return {
    runtime,
    async close() {
      await runtime.close();
      await store.close();
    },
  };
}

/** The first commit of a run that asks some questions. */
function startOf(n: number): RunCommit {
  const run = `run-${n}`;
  const time = Date.UTC(2031, 0, 1) + n * 1000;
  const tags = n % 2 === 0 ? ['urgent'] : [];
  return {
    run,
    owner: OWNER,
    fence: 1,
    create: true,
    expect: 0,
    checkpoints: [{ seq: 1, base: true, time, header: '{}', body: '{}' }],
    head: { machine: 'review', status: 'waitingForInput', createdAt: time, tags, more: '{}' },
    ask: Array.from({ length: PER_RUN }, (_, at) => ({
      id: `${run}/ask-${at}`,
      machine: 'review',
      assignee: at % 2 === 0 ? 'ann' : 'bob',
      tags,
      opened: time + at,
      value: JSON.stringify({ prompt: `May invoice ${n} be paid?`, choices: ['yes', 'no'] }),
    })),
  };
}
