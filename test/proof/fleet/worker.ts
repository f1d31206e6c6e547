/** One process of the fleet. */
import { createRuntime, createWorker } from 'savepoint';
import { openGround, type Ground } from './grounds.ts';
import { openLedger } from './ledger.ts';
import { makeParcel } from './machine.ts';

/** What it is told: where to work. */
export interface Order {
  readonly ground: Ground;
  readonly ledger: string;
}

/** What it says once it works. */
export interface Answer {
  readonly works: true;
}

process.on('message', ({ ground, ledger }: Order) => {
  void (async () => {
    const { store, engine } = openGround(ground);
    const machines = [makeParcel(openLedger(ledger))];
    // What the store has to say while it is restarted is of no interest.
    const runtime = createRuntime({ store, machines, limits: { poll: 100 }, logger: () => {} });
    const worker = createWorker({ runtime, engine, concurrency: 10 });
    await worker.started;
    process.send?.({ works: true } satisfies Answer);
  })();
});
process.on('disconnect', () => process.exit());
process.send?.({ loaded: true });
