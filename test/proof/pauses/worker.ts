/** The process that works, and that is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, createWorker, polling } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { makeJobs } from '../../support/jobs.ts';
import { openLedger } from './ledger.ts';

/** What it is told: where to work. */
export interface Order {
  readonly store: string;
  readonly ledger: string;
}

/** What it says once it works. */
export interface Answer {
  readonly works: true;
}

process.on('message', ({ store: path, ledger: book }: Order) => {
  const ledger = openLedger(book);
  const jobs = makeJobs({
    report: (n) => ledger('begins', `report ${n}`),
    step: async (n, name) => {
      ledger('begins', `${name} ${n}`);
      await sleep(Math.random() * 20);
      ledger('ends', `${name} ${n}`);
    },
  });
  const store = sqliteStore(path, { synchronous: 'normal' });
  const limits = { poll: 10, lease: 2000, recoveries: 10_000 };
  const runtime = createRuntime({ store, machines: [jobs], limits, logger: () => {} });
  const worker = createWorker({ runtime, engine: polling() });
  void worker.started.then(() => process.send?.({ works: true } satisfies Answer));
});
process.on('disconnect', () => process.exit());
process.send?.({ loaded: true });
