/** A process of the bakery: starts a payday, or takes up what dead processes left. */
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { payday } from './payday.ts';

const [task, id = '', file = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({ store: sqliteStore(file), machines: [payday], limits: { lease: 3_000 } });

// A deployment says SIGTERM: what runs may come to its end, nothing new begins, and every run is free for others.
process.once('SIGTERM', () => void runtime.close({ grace: 5_000 }).then(leave));

function leave(): void {
  report({ topic: 'leaves', text: 'has let go of its runs' });
  process.disconnect();
}

if (task === 'start') {
  report({ topic: 'starts', text: `starts the run ${id}` });
  await runtime.start(payday, { id, input: { week: 12 } });
} else {
  // Opens what was running, what is overdue, and what has messages. One timer waits for what is due next.
  const { opened } = await runtime.recover();
  const what = opened.length > 0 ? opened.join() : 'nothing yet';
  report({ topic: 'recovers', text: `recovers ${what}` });
}
