/** Tallybank, an invented payment service, in a process of its own: pays once for each key, and counts. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../stage/report.ts';

/** A request to pay, as Tallybank's ledger has it. */
export interface Entry {
  readonly time: number;
  readonly key: string;
  readonly receipt: string;
  /** False: a payment with this key was there already. */
  readonly paid: boolean;
}

const ledger: Entry[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.end(JSON.stringify(ledger));
    return;
  }
  const key = String(request.headers['idempotency-key']);
  const known = ledger.find((entry) => entry.key === key);
  const receipt = known?.receipt ?? `T-${801 + ledger.length}`;
  ledger.push({ time: Date.now(), key, receipt, paid: known === undefined });
  if (known) {
    report({ topic: 'knows', text: `knows this key: sends receipt ${receipt}, pays nothing` });
    await pause(300);
  } else {
    report({ topic: 'pays', text: `pays 42.50, receipt ${receipt}; its answer is on the way` });
    // The money is gone, and the one who asked does not know it yet: the worst moment to die.
    await pause(2_000);
  }
  response.end(receipt);
}

const server = createServer((request, response) => void answer(request, response));

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return;
  report({ topic: 'opens', text: 'is open for payments', url: `http://127.0.0.1:${address.port}` });
});
process.on('disconnect', () => process.exit());
