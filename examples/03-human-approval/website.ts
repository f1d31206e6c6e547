/** The shop's website, in a process of its own: shows the page behind a link, and takes the answer. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createRuntime,
  InputClosedError,
  InvalidArgumentError,
  InvalidTokenError,
  RunClosedError,
  verifyInput,
} from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { report } from '../stage/report.ts';
import { refund } from './machine.ts';
import { linkKey } from './mail.ts';

const [file = ''] = process.argv.slice(2);
const runtime = createRuntime({ store: sqliteStore(file), machines: [refund] });

/** GET changes nothing: programs that check mail for viruses follow every link. */
async function show(token: string): Promise<string> {
  const { input } = await verifyInput(token, { key: linkKey() });
  const record = await runtime.recordOf(input);
  if (record?.status !== 'open') return `<p>This question is ${record?.status ?? 'not asked yet'}.</p>`;
  return (
    `<form method="post"><p>${record.input?.prompt}</p><input type="hidden" name="token" value="${token}">` +
    `<button name="choice" value="0">Yes</button><button name="choice" value="1">No</button></form>`
  );
}

/** POST answers, whoever has the run. */
async function take(form: URLSearchParams): Promise<string> {
  const link = await verifyInput(form.get('token') ?? '', { key: linkKey() });
  const choice = link.choices?.[Number(form.get('choice'))];
  if (choice === undefined) throw new InvalidArgumentError('Please choose.');
  const { delivered } = await runtime.answer(link.input, choice, { by: 'a link' });
  report({
    topic: `takes ${link.input}`,
    text: `takes the answer to ${link.input}: ${delivered ? 'delivered' : 'stored, another process has the run'}`,
  });
  return '<p>Thank you.</p>';
}

function statusOf(error: unknown): number {
  if (error instanceof InvalidTokenError) return 403;
  // The deadline has passed, somebody else was faster, or the run is over.
  if (error instanceof InputClosedError || error instanceof RunClosedError) return 409;
  return error instanceof InvalidArgumentError ? 400 : 500;
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const token = new URL(request.url ?? '/', 'http://localhost').searchParams.get('token') ?? '';
    const body = Buffer.concat(await request.toArray()).toString();
    const page = await (request.method === 'POST' ? take(new URLSearchParams(body)) : show(token));
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    report({ topic: `says ${statusOf(error)}`, text: `says ${statusOf(error)}: ${text}` });
    response.writeHead(statusOf(error)).end(text);
  }
}

const server = createServer((request, response) => void respond(request, response));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return;
  report({ topic: 'opens', text: 'is open', url: `http://127.0.0.1:${address.port}` });
});
process.on('disconnect', () => process.exit());

// Of all runs and all processes.
for await (const { type, input } of runtime.watchInputs()) {
  const text = type === 'opened' ? `question for ${input.assignee}: ${input.prompt}` : `closed: ${input.id}`;
  report({ topic: `${type} ${input.id}`, text });
}
