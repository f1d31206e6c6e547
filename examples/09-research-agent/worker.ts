/** A process of the society: starts the research, or opens it where another process left it, and sees it through. */
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { researcher } from './researcher.ts';

const [task, id = '', file = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());

// Where it can be seen that a process is gone (on Linux), the next one is in at once; elsewhere when its lease ends.
const runtime = createRuntime({ store: sqliteStore(file), limits: { lease: 3_000 } });

async function startOrOpen() {
  if (task === 'start') {
    report({ topic: 'starts', text: `starts the run ${id}` });
    return runtime.start(researcher, {
      id,
      input: { prompt: 'Does the Quillfeather, an apple of Ambleby, still exist?' },
    });
  }
  report({ topic: 'opens', text: `opens the run ${id}` });
  return runtime.open(researcher, id, { wait: 20_000 });
}

const run = await startOrOpen();
void run.waitForInput().then(([question]) => {
  if (question) report({ topic: 'asks', text: `waits for ${question.assignee}: ${question.prompt}` });
});
const { text, usage } = await run.done();
report({ topic: 'ends', text: `ends with ${usage.totalTokens} tokens: ${text}` });
await runtime.close();
process.disconnect();
