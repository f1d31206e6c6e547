/** A process of the shop: starts the refund, or opens it where another process left it, and sees it through. */
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import type { Click } from './click.ts';
import { refund } from './machine.ts';

const [task, id = '', file = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({ store: sqliteStore(file), limits: { lease: 3_000 } });

async function startOrOpen() {
  if (task === 'start') {
    report({ topic: 'starts', text: `starts the run ${id}` });
    return runtime.start(refund, { id, input: { refund: id, order: '1107' } });
  }
  const { seq, status } = await runtime.get(id);
  report({ topic: 'opens', text: `opens the run at checkpoint ${seq}, ${status}` });
  return runtime.open(refund, id, { wait: 20_000 });
}

const run = await startOrOpen();

async function take({ id, by, event }: Click): Promise<void> {
  const { seq } = await run.send(event, { id, by });
  report({ topic: 'answers', text: `has the answer, safe in checkpoint ${seq}`, seq });
}
process.on('message', (click: Click) => void take(click));

// At rest: only time, a person or an event from outside can go on.
await run.settled();
if (run.status === 'waitingForInput') {
  const { due } = await runtime.get(id);
  const reminder = due === undefined ? '' : '; the reminder is due';
  report({ topic: 'waits', text: `waits for a person${reminder}`, time: due });
}

const { receipt } = await run.done();
report({ topic: 'paid', text: `has paid the refund, receipt ${receipt}` });
await runtime.close();
process.disconnect();
