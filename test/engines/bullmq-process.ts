/** A process that works: told where the store is, and where to note what it does. */
import { appendFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createRuntime, createWorker } from 'savepoint';
import { redisStore } from 'savepoint/redis';
import { bullmq } from './bullmq-engine.ts';
import { makeErrand } from './errand.ts';

const [port, ledger, name] = process.argv.slice(2) as [string, string, string];

const errand = makeErrand((what, run) => appendFileSync(ledger, `${what} ${run} ${name}\n`));
const client = new Redis(`redis://127.0.0.1:${port}`, { lazyConnect: true });
const runtime = createRuntime({
  store: redisStore(client),
  machines: [errand],
  limits: { lease: 3000 },
  logger: () => {},
});
const engine = bullmq({ connection: { host: '127.0.0.1', port: Number(port) }, queue: 'runs', sweep: 1000 });
await createWorker({ runtime, engine, concurrency: 10 }).started;
process.send!('working');
