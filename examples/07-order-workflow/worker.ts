/** A process of the shop: starts orders if it is told to, and works on all that have something to do. */
import { createRuntime, createWorker } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { order } from './order.ts';

const [file = '', id, customer = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

const LINES = [
  { seed: 'foxglove', packets: 40, cents: 250 },
  { seed: 'borage', packets: 30, cents: 220 },
  { seed: 'larkspur', packets: 25, cents: 310 },
  { seed: 'tansy', packets: 10, cents: 195 },
];

// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({ store: sqliteStore(file), machines: [order], limits: { lease: 3_000 } });
createWorker({ runtime });

if (id !== undefined) {
  report({ topic: 'starts', text: `starts the run ${id}` });
  await runtime.start(order, { id, input: { customer, lines: LINES } });
}
