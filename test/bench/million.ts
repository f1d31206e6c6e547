/** What a million suspended runs cost those who work with a few of them, beside a thousand. */
import { Pool } from 'pg';
import type { Runtime, Store } from 'savepoint';
import { startPostgres } from '../../examples/postgres/server.ts';
import { review } from './machines.ts';
import { figureOf, ratioOf, type Figure } from './measure.ts';
import { median } from './median.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

const FEW = 1000;
const DUE = 10;
const PAGE = 50;
const OWNER = 'bench';
/** How often each is done in a round. */
const TIMES = 20;
const BATCH = 1000;

type RunCommit = Parameters<Store['commit']>[0][number];
type Measured = 'starting' | 'finding the 10 that are due' | 'answering one' | 'listing a page';

/** What the runs are made from: one that was really started, and waits. */
interface Template {
  readonly commit: RunCommit;
}

/** `make` gives an empty store. */
export async function measureMillion(
  subject: Subject,
  rounds: number,
  report: Report,
  kind: string,
  make: () => Store,
  count: number,
): Promise<void> {
  const name = `${count.toLocaleString('en')} suspended runs, ${kind}`;
  console.log(`\n${name}`);
  const template = await templateOf(subject);
  const few = await filled(subject, make(), template, FEW);
  const many = await filled(subject, make(), template, count);
  const took: Record<'few' | 'many', Record<Measured, number[]>> = { few: empty(), many: empty() };
  for (let round = 0; round <= rounds; round++)
    for (const [which, one] of [
      ['few', few],
      ['many', many],
    ] as const) {
      const times = await one.round(round);
      // The first warms up.
      if (round === 0) continue;
      for (const [what, ms] of Object.entries(times)) took[which][what as Measured].push(ms);
    }
  for (const what of Object.keys(took.few) as Measured[]) {
    report.note(name, `${what}, ${FEW.toLocaleString('en')} runs`, figureOf(took.few[what]), ' ms');
    report.note(name, `${what}, ${count.toLocaleString('en')} runs`, figureOf(took.many[what]), ' ms');
    report.bar(`${kind}: ${what}, of ${count.toLocaleString('en')} and of a thousand`, ratio(took, what), {
      most: 1.5,
    });
  }
  await few.close();
  await many.close();
}

/** Each store has a schema of its own in one server. Without a server, it says so. */
export async function measureMillionOnPostgres(
  subject: Subject,
  rounds: number,
  report: Report,
  count: number,
): Promise<void> {
  const server = await startPostgres({ fsync: true });
  if (!server) return;
  const pool = new Pool({ connectionString: server.connectionString });
  let stores = 0;
  const make = (): Store => subject.postgresStore(pool, { schema: `million_${stores++}` });
  await measureMillion(subject, rounds, report, 'PostgreSQL', make, count);
  await pool.end();
  await server.stop();
}

const empty = (): Record<Measured, number[]> => ({
  starting: [],
  'finding the 10 that are due': [],
  'answering one': [],
  'listing a page': [],
});

const ratio = (took: Record<'few' | 'many', Record<Measured, number[]>>, what: Measured): Figure =>
  ratioOf(took.many[what], took.few[what]);

async function templateOf({ createRuntime, memoryStore }: Subject): Promise<Template> {
  const store = memoryStore();
  const runtime = createRuntime({ store });
  await runtime.start(review, { id: 'template' });
  const [stored] = await store.runs({ run: 'template', limit: 1 });
  const checkpoints = await store.load('template');
  const ask = await store.questions({ run: 'template', limit: 9 });
  const put = await Promise.all(
    (['asked', 'answer', 'event', 'step', 'outbox'] as const).map(async (kind) =>
      (await store.rows('template', kind, {})).map((row) => ({ kind, ...row })),
    ),
  );
  await runtime.close();
  const { machine, version, status, more, tags } = stored!;
  const head = { machine, version, status, more, tags, createdAt: 0 };
  return {
    commit: {
      run: '',
      owner: OWNER,
      fence: 1,
      create: true,
      expect: 0,
      checkpoints,
      head,
      ask,
      put: put.flat(),
    },
  };
}

/** The same for another run. */
function copyOf({ commit }: Template, run: string, createdAt: number, due: number | undefined): RunCommit {
  const named = (text: string): string => text.replaceAll('template', run);
  return {
    ...commit,
    run,
    head: { ...commit.head!, createdAt, due },
    ask: commit.ask!.map((question) => ({
      ...question,
      id: named(question.id),
      value: named(question.value),
      opened: createdAt,
    })),
    put: commit.put!.map((row) => ({ ...row, key: named(row.key) })),
  };
}

async function filled({ createRuntime }: Subject, store: Store, template: Template, count: number) {
  const begun = Date.UTC(2026, 0, 1);
  await store.lease(OWNER, 600_000);
  // In no order at all, as runs come: an index is not filled from one end.
  const later = Date.UTC(2040, 0, 1);
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) => {
      const n = from + at;
      const due = n < DUE ? begun + n : later + ((n * 7919) % count);
      return copyOf(template, `run-${((n * 7919) % count).toString(36)}-${n}`, begun + n, due);
    });
    const outcomes = await store.commit(batch);
    const bad = outcomes.find(({ status }) => status !== 'committed');
    if (bad) throw new Error(`A run was not made: ${JSON.stringify(bad)}`);
    if (from % 100_000 === 0) await store.lease(OWNER, 600_000);
  }
  await store.lease(OWNER, 0);
  const runtime: Runtime = createRuntime({ store, machines: [review] });
  const waiting = await firstRuns(runtime, 2000);
  const timed = async (what: (time: number) => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let time = 0; time < TIMES; time++) {
      const since = performance.now();
      await what(time);
      times.push(performance.now() - since);
    }
    return median(times);
  };
  return {
    async round(round: number): Promise<Record<Measured, number>> {
      return {
        starting: await timed(async (time) => {
          const run = await runtime.start(review, { id: `new-${round}-${time}` });
          await run.release();
        }),
        'finding the 10 that are due': await timed(async () => {
          const due = await store.runs({ dueTo: Date.now(), free: true, limit: 100 });
          if (due.length !== DUE) throw new Error(`${due.length} runs were due.`);
        }),
        'answering one': await timed(async () => {
          const run = waiting.shift()!;
          await runtime.answer(`${run}:review.open`, { approved: true });
        }),
        'listing a page': await timed(async () => {
          let listed = 0;
          for await (const _ of runtime.list({ status: 'waitingForInput', limit: PAGE })) listed++;
          if (listed !== PAGE) throw new Error(`A page had ${listed} runs.`);
        }),
      };
    },
    async close(): Promise<void> {
      await runtime.close();
      await store.close();
    },
  };
}

/** Behind the first page, and not due. */
async function firstRuns(runtime: Runtime, count: number): Promise<string[]> {
  const runs: string[] = [];
  for await (const { id } of runtime.list({ order: 'desc', limit: count })) runs.push(id);
  return runs.slice(0, count);
}
