/** The process that is killed: it goes over the list. */
import { join } from 'node:path';
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { openLedger } from '../ledger.ts';
import type { Loaded } from '../worker-process.ts';
import { makeHarvest, RUN } from './machine.ts';

export interface Order {
  readonly folder: string;
  /** Which process this is, counted from 1. */
  readonly life: number;
}

export type Answer = { readonly output: readonly unknown[] } | { readonly fault: string };

const tell = (answer: Answer, then = (): void => {}): void => void process.send?.(answer, then);

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => {
  goOn(order).catch((error: unknown) => tell({ fault: String(error) }));
});

async function goOn({ folder, life }: Order): Promise<void> {
  const ledger = openLedger(join(folder, 'ledger'), life);
  const harvest = makeHarvest((at, item) => ledger(at, item, 0));
  const store = sqliteStore(join(folder, 'harvest.db'));
  const runtime = createRuntime({ store, limits: { recoveries: 1000 } });
  const run = await runtime.ensure(harvest, { id: RUN });
  const output = await run.done();
  await runtime.close();
  await store.close();
  tell({ output }, () => process.exit());
}

process.send?.({ loaded: true } satisfies Loaded);
