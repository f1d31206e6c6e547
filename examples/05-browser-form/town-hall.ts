/** The town hall: takes applications, and gives each of them one number, however often it is sent. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

export class TownHall {
  /** What it has, by idempotency key. */
  readonly applications = new Map<string, { readonly number: number; readonly text: string }>();
  /** How often something was sent to it. */
  deliveries = 0;
  /** It takes what comes, and does not answer. */
  isSlow = false;

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = Buffer.concat(await request.toArray()).toString();
    const key = String(request.headers['idempotency-key']);
    this.deliveries++;
    const number = this.applications.get(key)?.number ?? this.applications.size + 1;
    this.applications.set(key, { number, text });
    if (this.isSlow) await once(response, 'close');
    else response.end(String(number));
  }
}
