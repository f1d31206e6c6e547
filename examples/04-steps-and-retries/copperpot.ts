/** Copperpot, an invented and flaky payment service, in a process of its own: pays once for each key, and counts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../stage/report.ts';
import type { Wage } from './world.ts';

/** A request to pay, as Copperpot's ledger has it. */
export interface Entry {
  readonly time: number;
  readonly key: string;
  readonly baker: string;
  readonly outcome: 'paid' | 'known' | 'busy' | 'refused';
}

const ledger: Entry[] = [];

/** What it makes of a request. It has its moods, but always the same ones, so that the story is always the same. */
function judge(key: string, { baker }: Wage): Entry['outcome'] {
  const before = ledger.filter((entry) => entry.key === key);
  if (before.some(({ outcome }) => outcome === 'paid')) return 'known';
  if (baker === 'Sorrel') return 'refused';
  return baker === 'Rowan' && before.length < 2 ? 'busy' : 'paid';
}

const statuses = { paid: 200, known: 200, busy: 503, refused: 410 };

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.end(JSON.stringify(ledger));
    return;
  }
  const wage: Wage = JSON.parse(Buffer.concat(await request.toArray()).toString());
  const key = String(request.headers['idempotency-key']);
  const outcome = judge(key, wage);
  const { baker } = wage;
  ledger.push({ time: Date.now(), key, baker, outcome });
  const texts = {
    paid: `pays ${baker}, by the key ${key}`,
    known: `knows the key ${key}: pays nothing`,
    busy: 'is busy: 503',
    refused: `says that ${baker}'s account is closed: 410`,
  };
  report({ topic: `${outcome} ${baker}`, text: texts[outcome] });
  // The money is gone, and the one who asked does not know it yet: the worst moment to die.
  if (baker === 'Linden' && outcome === 'paid') await pause(2_000);
  response.writeHead(statuses[outcome]).end(texts[outcome]);
}

const server = createServer((request, response) => void answer(request, response));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return;
  report({ topic: 'opens', text: 'is open for payments', url: `http://127.0.0.1:${address.port}` });
});
process.on('disconnect', () => process.exit());
