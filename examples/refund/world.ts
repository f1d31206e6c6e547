/** What is outside of the workflow: the shop's books, its mail, and the payment service Tallybank. */
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../stage/report.ts';

export interface Sale {
  readonly customer: string;
  readonly item: string;
  readonly cents: number;
  readonly soldAt: Date;
}

/** Looks an order up in the books. */
export async function findSale(order: string): Promise<Sale> {
  report({ topic: 'looks', text: `looks up order ${order}` });
  await pause(300);
  return {
    customer: 'Wilma Thistlewood',
    item: 'a birdhouse',
    cents: 4250,
    soldAt: new Date('2026-03-02T09:30:00Z'),
  };
}

/** Reminds the clerk. */
export function remind(): void {
  report({ topic: 'reminds', text: 'reminds Ada Fernsby', time: Date.now() });
}

export interface Payout {
  /** Tallybank pays once for each key, however often it is asked. */
  readonly key: string;
  readonly cents: number;
}

/** Pays money back through Tallybank. Resolves with the receipt. */
export async function payOut({ key, cents }: Payout, signal: AbortSignal): Promise<string> {
  report({ topic: 'pays', text: `asks Tallybank to pay, key ${key}` });
  const response = await fetch(`${process.env['TALLYBANK']}/payments`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify({ cents }),
    signal,
  });
  if (!response.ok) throw new Error(`Tallybank answered ${response.status}.`);
  return response.text();
}
