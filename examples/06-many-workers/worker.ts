/** One of the processes that work: takes the parcels that graphile-worker hands out. */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { createRuntime, createWorker } from 'savepoint';
import { graphileWorker } from 'savepoint/graphile-worker';
import { postgresStore } from 'savepoint/postgres';
import { report } from '../stage/report.ts';
import { parcelOf } from './parcel.ts';

const [connectionString = '', ledger = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

const parcel = parcelOf(async (run, what) => {
  // The outside world: a file that no kill takes anything back from.
  appendFileSync(ledger, `${run} ${what} ${process.pid}\n`);
  await pause(60);
});

const pool = new Pool({ connectionString, max: 5 });
const engine = graphileWorker({ pool });
const store = postgresStore(pool, { wakeUps: engine.wakeUps });
// A run whose process died on another machine is free when its lease ends.
const runtime = createRuntime({ store, machines: [parcel], limits: { lease: 2_000, poll: 100 } });

const worker = createWorker({ runtime, engine, concurrency: 5 });
await worker.started;
report({ topic: 'works', text: 'takes what is to be done' });
