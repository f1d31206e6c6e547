/**
 * A run is paused at random instants, from another process, while the one that works on it is killed now and then, also in
 * the middle of a pause: nothing starts while it is paused, no turn is made, and nothing is lost.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Runtime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import type { JobsContext } from '../../support/jobs.ts';
import { makeJobs } from '../../support/jobs.ts';
import { bundle, unbundle } from '../bundle.ts';
import type { Proof } from '../proof.ts';
import { until } from '../until.ts';
import { SpareProcesses, type WorkerProcess } from '../worker-process.ts';
import { now, readLedger } from './ledger.ts';
import type { Answer, Order } from './worker.ts';

/** How often one run is paused. */
const PAUSES = 20;
const RUN = 'jobs';

/** From when to when it was known to be paused. */
interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

const pick = (n: number): number => Math.floor(Math.random() * n);

export const proof: Proof = {
  name: 'pauses',
  full: 200,
  async run(count, say) {
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const spares = new SpareProcesses<Order, Answer>(program, 2);
    const faults: string[] = [];
    const sums = { pauses: 0, kills: 0, jobs: 0, steps: 0, reports: 0 };
    while (sums.pauses < count && faults.length === 0) {
      const pauses = Math.min(PAUSES, count - sums.pauses);
      const round = await pauseOften(spares, pauses);
      sums.pauses += pauses;
      sums.kills += round.kills;
      sums.jobs += round.jobs;
      sums.steps += round.steps;
      sums.reports += round.reports;
      faults.push(...round.faults);
      say(faults[0] ?? `${sums.pauses} pauses, ${sums.kills} kills`);
    }
    await spares.end();
    unbundle(program);
    const { pauses, kills, jobs, steps, reports } = sums;
    const figure = `${pauses} pauses, ${kills} kills, ${jobs} jobs, 0 lost, 0 started while paused; done again after a kill: ${steps} steps that it cut off, ${reports} actions`;
    return { passed: faults.length === 0, figure: faults[0] ?? figure };
  },
};

async function pauseOften(
  spares: SpareProcesses<Order, Answer>,
  pauses: number,
): Promise<{ faults: string[]; kills: number; jobs: number; steps: number; reports: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-pauses-'));
  const place: Order = { store: join(folder, 'jobs.db'), ledger: join(folder, 'ledger') };
  const store = sqliteStore(place.store, { synchronous: 'normal' });
  // It can start the run, and has no machine to go on with it.
  const desk = createRuntime({ store, limits: { poll: 10 }, logger: () => {} });
  const idle = makeJobs({ step: async () => {}, report: () => {} });
  await (await desk.start(idle, { id: RUN })).release();

  const faults: string[] = [];
  const windows: Window[] = [];
  const over = new Map<string, bigint>();
  let kills = 0;
  let sent = 0;
  let worker = await enlist(spares, place);
  const send = async (): Promise<void> => {
    for (let n = pick(4); n > 0; n--) await desk.send(RUN, { type: 'JOB', n: ++sent });
  };
  const kill = async (): Promise<void> => {
    // What is stored by now never begins again.
    for (const { key, value } of await store.rows(RUN, 'step', {})) {
      const [, n, name] = /^job-(\d+):\d+\/([ab])$/.exec(key) ?? [];
      const deed = `${name} ${n}`;
      if ((value as string).includes('"done"') && !over.has(deed)) over.set(deed, now());
    }
    kills++;
    await worker.kill();
    worker = await enlist(spares, place);
  };
  try {
    for (let n = 0; n < pauses; n++) {
      await send();
      await sleep(pick(60));
      if (pick(6) === 0) await kill();
      await desk.pause(RUN, { by: 'the proof' });
      const from = now();
      const { seq } = await desk.get(RUN);
      await send();
      await sleep(pick(40));
      if (pick(3) === 0) await kill();
      await sleep(pick(40));
      const info = await desk.get(RUN);
      if (info.seq !== seq) faults.push(`turns were made while it was paused: ${seq} to ${info.seq}`);
      if (info.paused?.by !== 'the proof') faults.push(`it is ${info.status}, and was paused`);
      windows.push({ from, to: now() });
      await desk.resume(RUN);
    }
    const isOver = async (): Promise<boolean> => {
      const { done, rang } = await contextOf(desk);
      return done.length >= sent && rang.length >= sent;
    };
    await until(isOver, faults, () => `of ${sent} jobs some are not done`);
    faults.push(...checkContext(await contextOf(desk), sent));
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  await worker.kill();
  await desk.close();
  await store.close();
  const ledger = checkLedger(place.ledger, windows, over);
  rmSync(folder, { recursive: true, force: true });
  return { ...ledger, faults: [...faults, ...ledger.faults], kills, jobs: sent };
}

async function enlist(
  spares: SpareProcesses<Order, Answer>,
  place: Order,
): Promise<WorkerProcess<Order, Answer>> {
  const worker = await spares.take();
  const works = new Promise<void>((resolve) => (worker.onAnswer = () => resolve()));
  worker.tell(place);
  await works;
  return worker;
}

async function contextOf(desk: Runtime): Promise<JobsContext> {
  const { seq } = await desk.get(RUN);
  const { snapshot } = await desk.checkpoint(RUN, seq);
  return (snapshot as { readonly context: JobsContext }).context;
}

function checkContext({ seen, done, rang }: JobsContext, sent: number): string[] {
  const all = Array.from({ length: sent }, (_, at) => at + 1).join();
  const inOrder = (list: readonly number[]): string => list.toSorted((a, b) => a - b).join();
  return [
    ...(seen.join() === all ? [] : [`the events came as ${seen.join(' ')}`]),
    ...(inOrder(done) === all ? [] : [`done are ${inOrder(done)}`]),
    ...(inOrder(rang) === all ? [] : [`the bell rang for ${inOrder(rang)}`]),
  ];
}

/** Nothing begins in a pause, nor once it is known to be over, nor twice in one process. */
function checkLedger(
  path: string,
  windows: readonly Window[],
  over: ReadonlyMap<string, bigint>,
): { faults: string[]; steps: number; reports: number } {
  const faults: string[] = [];
  const begun = new Map<string, Set<number>>();
  const again = { steps: 0, reports: 0 };
  for (const { what, deed, pid, at } of readLedger(path)) {
    if (what !== 'begins') continue;
    if (windows.some(({ from, to }) => from < at && at < to)) faults.push(`'${deed}' began in a pause`);
    // A custom action may be done again until its row is gone.
    const end = over.get(deed);
    if (end !== undefined && at > end) faults.push(`'${deed}' began though it was over`);
    const pids = begun.get(deed) ?? new Set();
    if (pids.has(pid)) faults.push(`'${deed}' began twice in one process`);
    if (pids.size > 0) again[deed.startsWith('report') ? 'reports' : 'steps']++;
    begun.set(deed, pids.add(pid));
  }
  return { faults, ...again };
}
