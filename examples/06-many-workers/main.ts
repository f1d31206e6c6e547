/**
 * Many workers: three processes work on forty parcels over one PostgreSQL, and two of them are killed in the middle.
 *
 * Prints what happens in which process, and proves from a ledger outside that every parcel was delivered once, and that
 * nothing was done again that was finished. The machine is in parcel.ts, what a process does in worker.ts. The server
 * comes from an npm package; where it cannot be started, the example says so and ends.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { createRuntime, type Runtime } from 'savepoint';
import { graphileWorker } from 'savepoint/graphile-worker';
import { postgresStore } from 'savepoint/postgres';
import { startPostgres } from '../postgres/server.ts';
import { perform, type Promises, type Stage } from '../stage/stage.ts';
import { DEEDS, parcelOf } from './parcel.ts';

const WORKER = new URL('./worker.ts', import.meta.url);
const PARCELS = Array.from({ length: 40 }, (_, n) => `parcel-${String(n + 1).padStart(2, '0')}`);

interface Deed {
  readonly parcel: string;
  readonly what: string;
  readonly pid: string;
}

function readLedger(ledger: string): Deed[] {
  const lines = readFileSync(ledger, 'utf8').trim().split('\n');
  return lines.filter(Boolean).map((line) => {
    const [parcel = '', what = '', pid = ''] = line.split(' ');
    return { parcel, what, pid };
  });
}

async function delivered(runtime: Runtime): Promise<number> {
  let count = 0;
  for await (const _ of runtime.list({ machine: 'parcel', status: 'done' })) count++;
  return count;
}

async function waitFor(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await pause(50);
}

const server = await startPostgres();

async function story(stage: Stage): Promise<Promises> {
  const { timeline, folder } = stage;
  const url = server!.connectionString;
  const ledger = join(folder, 'ledger');
  writeFileSync(ledger, '');

  // The shop only sends: it knows the wake-ups, and works on nothing.
  const pool = new Pool({ connectionString: url });
  const store = postgresStore(pool, { wakeUps: graphileWorker({ pool }).wakeUps });
  const shop = createRuntime({ store });
  const parcel = parcelOf(async () => {});
  for (const id of PARCELS) await (await shop.start(parcel, { id, input: { parcel: id } })).release();

  const workers = [1, 2, 3].map((n) => stage.begin(`worker ${n}`, WORKER, url, ledger));
  const [first, second, third] = workers;
  await Promise.all(workers.map((worker) => worker.says('works')));
  for (const id of PARCELS) await shop.send(id, { type: 'send' }, { id: `send ${id}` });

  await waitFor(() => readLedger(ledger).length > 20);
  await first!.kill('in the middle of several parcels');
  await waitFor(() => readLedger(ledger).length > 60);
  await second!.kill('as well');
  await waitFor(async () => (await delivered(shop)) === PARCELS.length);
  await third!.terminate();

  const deeds = readLedger(ledger);
  const placeOf = (id: string): number[] =>
    deeds.filter(({ parcel: run }) => run === id).map(({ what }) => DEEDS.indexOf(what));
  const inOrder = PARCELS.filter((id) => placeOf(id).every((place, at, all) => place >= (all[at - 1] ?? 0)));
  const whole = PARCELS.filter((id) => new Set(placeOf(id)).size === DEEDS.length);
  const again = deeds.length - PARCELS.length * DEEDS.length;
  const pids = new Set(deeds.map(({ pid }) => pid));

  console.log();
  timeline.chart(workers.map((worker) => worker.row()));
  await shop.close();
  await store.close();
  await pool.end();
  await server!.stop();
  return new Map([
    [`All ${PARCELS.length} parcels were delivered, by ${pids.size} processes.`, pids.size === 3],
    [`Each deed was done for each parcel: ${DEEDS.join(', ')}.`, whole.length === PARCELS.length],
    [
      `Nothing was done again that was finished; ${again} deeds were, in the middle of which a process was killed.`,
      inOrder.length === PARCELS.length && again <= 10,
    ],
    ['At SIGTERM the last worker let go of its runs, and its process ended.', !third!.wasKilled],
  ]);
}

if (server) {
  await perform(
    'Forty parcels, three workers, one PostgreSQL',
    'forty parcels, two of three workers killed, each parcel delivered once.',
    story,
  );
} else {
  console.log('\n  Proved: nothing, as there is no PostgreSQL here.');
}
