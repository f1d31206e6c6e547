/** A process in which somebody at the counter answers: it does not have the run, and opens it only for a moment. */
import { createRuntime, InputClosedError, InvalidInputError } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { refund } from './machine.ts';

const [file = '', by = '', question = '', ...answers] = process.argv.slice(2);
const runtime = createRuntime({ store: sqliteStore(file), machines: [refund] });

for await (const { prompt } of runtime.inputs({ assignee: 'counter' }))
  report({ topic: 'finds', text: `finds the question: ${prompt}` });

for (const answer of answers) {
  try {
    const { seq } = await runtime.answer(question, JSON.parse(answer), { by });
    report({ topic: 'answers', text: `answers ${answer}, safe in checkpoint ${seq}`, seq });
  } catch (error) {
    if (error instanceof InvalidInputError)
      report({ topic: 'corrects', text: `answers ${answer}: ${error.issues[0]?.message}` });
    else if (error instanceof InputClosedError)
      report({ topic: 'comes second', text: `answers ${answer}: it was ${error.reason} by ${error.by}` });
    else throw error;
  }
}
await runtime.close();
