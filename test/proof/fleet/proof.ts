/**
 * A fleet over one store: eight processes, one of which is killed every second, and a server that is restarted twice. Each
 * run ends once, no message is lost, and no deed is done again that was finished.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Runtime } from 'savepoint';
import { bundle, unbundle } from '../bundle.ts';
import { SpareProcesses, type WorkerProcess } from '../worker-process.ts';
import type { Proof } from '../proof.ts';
import { grounds, openGround, type Place } from './grounds.ts';
import { checkLedger, openLedger } from './ledger.ts';
import { makeParcel, WORDS } from './machine.ts';
import type { Answer, Order } from './worker.ts';

const PROCESSES = 8;
/** Parcels for each kill. */
const PARCELS = 17;
/** How long the fleet may take for what is left when nobody is killed any more, in milliseconds. */
const PATIENCE = 300_000;

export const proof: Proof = {
  name: 'fleet',
  full: 120,
  async run(kills, say) {
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const figures: string[] = [];
    const faults: string[] = [];
    for (const [name, make] of Object.entries(grounds)) {
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-fleet-'));
      const place = await make(folder);
      if (!place) {
        figures.push(`${name}: skipped, as its server cannot be started`);
        continue;
      }
      const spares = new SpareProcesses<Order, Answer>(program, 3);
      try {
        const { found, figure } = await work(place, folder, spares, kills);
        for (const fault of found) faults.push(`${name}: ${fault}`);
        figures.push(`${name}: ${figure}`);
        say(`${name}: ${found[0] ?? figure}`);
      } catch (error) {
        faults.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
      }
      await spares.end();
      await place.end();
      rmSync(folder, { recursive: true, force: true });
    }
    unbundle(program);
    for (const fault of faults.slice(0, 12)) say(fault);
    return { passed: faults.length === 0, figure: faults[0] ?? figures.join('; ') };
  },
};

async function work(
  place: Place,
  folder: string,
  spares: SpareProcesses<Order, Answer>,
  kills: number,
): Promise<{ found: string[]; figure: string }> {
  const ledger = join(folder, 'ledger');
  const { ground } = place;
  const fleet: WorkerProcess<Order, Answer>[] = [];
  const enlist = async (): Promise<void> => {
    const process = await spares.take();
    process.tell({ ground, ledger });
    fleet.push(process);
  };
  for (let n = 0; n < PROCESSES; n++) await enlist();

  const opened = openGround(ground);
  const { store } = opened;
  const parcel = makeParcel(openLedger(ledger));
  const options = { store, logger: () => {} };
  // One that starts runs, and one that knows no machine: its messages are for the fleet.
  const desk = createRuntime(options);
  const post = createRuntime(options);
  const runs = Array.from({ length: kills * PARCELS }, (_, n) => `parcel-${n}`);
  const begun = performance.now();
  const sending = sendAll(runs, kills, desk, post, parcel);

  let killed = 0;
  let restarts = 0;
  for (; killed < kills; killed++) {
    await sleep(Math.max(0, begun + (killed + 1) * 1000 - performance.now()));
    const at = Math.floor(Math.random() * fleet.length);
    const [one] = fleet.splice(at, 1);
    await one!.kill();
    await enlist();
    const isTime = killed === Math.floor(kills / 3) || killed === Math.floor((2 * kills) / 3);
    if (place.restart && isTime) {
      await place.restart();
      restarts++;
    }
  }
  await sending;
  const found: string[] = [];
  const left = await waitUntilDone(post, runs.length);
  if (left.length > 0)
    found.push(`${left.length} runs did not come to their end: ${left.slice(0, 3).join('; ')}`);
  await Promise.all(fleet.map((one) => one.kill()));
  const ms = performance.now() - begun;

  const { faults, again } = checkLedger(ledger, runs);
  found.push(...faults);
  for (const run of runs) found.push(...(await checkHistory(post, run)));
  await desk.close();
  await post.close();
  await opened.close();
  const figure =
    `${runs.length} runs in ${(ms / 1000).toFixed(0)} s, ${killed} kills, ${restarts} restarts of the server, ` +
    `${again} deeds begun again, ${found.length} faults`;
  return { found, figure };
}

/** Starts runs and sends each its words, as evenly as can be over the time of the kills. */
async function sendAll(
  runs: readonly string[],
  seconds: number,
  desk: Runtime,
  post: Runtime,
  parcel: ReturnType<typeof makeParcel>,
): Promise<void> {
  const begun = performance.now();
  const doing: Promise<void>[] = [];
  for (const [n, run] of runs.entries()) {
    await sleep(Math.max(0, begun + (n / runs.length) * seconds * 1000 - performance.now()));
    doing.push(sendOne(run, desk, post, parcel));
  }
  await Promise.all(doing);
}

async function sendOne(
  run: string,
  desk: Runtime,
  post: Runtime,
  parcel: ReturnType<typeof makeParcel>,
): Promise<void> {
  await insist(async () => {
    const started = await desk.start(parcel, { id: run, input: { run } }).catch((error: unknown) => {
      // It was started, and the store did not live to say so.
      if ((error as { code?: string }).code !== 'RUN_EXISTS') throw error;
    });
    await started?.release();
  });
  for (let n = 0; n < WORDS; n++)
    await insist(() => post.send(run, { type: 'WORD', n }, { id: `${run}-${n}` }));
}

/** As a program does whose server may be away for a while: the ids make it safe. */
async function insist(call: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await call();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'STORE' || tries > 300) throw error;
      await sleep(100);
    }
  }
}

/** Tells which are not done. */
async function waitUntilDone(runtime: Runtime, count: number): Promise<string[]> {
  const last = performance.now() + PATIENCE;
  for (;;) {
    const left: string[] = [];
    let done = 0;
    for await (const { id, status, seq } of runtime.list()) {
      if (status === 'done') done++;
      else left.push(`${id} is ${status} at ${seq}`);
    }
    if (done === count || performance.now() > last) return left;
    await sleep(200);
  }
}

/** Each word made one turn. */
async function checkHistory(runtime: Runtime, run: string): Promise<string[]> {
  const words: (string | undefined)[] = [];
  for await (const { cause } of runtime.history(run)) if (cause.event.type === 'WORD') words.push(cause.id);
  const expected = Array.from({ length: WORDS }, (_, n) => `${run}-${n}`);
  return words.toSorted((a = '', b = '') => (a < b ? -1 : 1)).join() === expected.join()
    ? []
    : [`${run} took the words ${words.join(', ')}`];
}
