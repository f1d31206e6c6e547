/** A process of the shop: starts the refund, or opens it where another process left it, and sees it through. */
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { refund } from './machine.ts';

const [task, id = '', file = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({ store: sqliteStore(file), limits: { lease: 3_000 } });

async function startOrOpen() {
  if (task === 'start') {
    report({ topic: 'starts', text: `starts the run ${id}` });
    return runtime.start(refund, { id, input: { refund: id, customer: 'Ophelia Brook', euros: 84 } });
  }
  return runtime.open(refund, id, { wait: 20_000 });
}

const run = await startOrOpen();
await run.settled();
report({
  topic: 'waits',
  text: `has the run, and waits for ${run.pendingInputs.map(({ id }) => id).join(', ')}`,
});

await run.done();
const outcome = run.getSnapshot().matches('approved') ? 'approved' : 'declined';
report({ topic: 'ends', text: `ends the run: ${outcome}` });
await runtime.close();
process.disconnect();
