/** What is outside of the workflow: the stockroom, the bank and the post. A file, which no kill takes anything from. */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../stage/report.ts';

/** What was done, by the key under which it was asked for. */
export interface Deed {
  readonly what: string;
  readonly key: string;
}

const { LEDGER: ledger = '', SLOW: slow = '' } = process.env;

/** Does something that takes its time: asked for it, it is done, and only later one hears of it. */
async function act(what: string, key: string): Promise<void> {
  const deed: Deed = { what, key };
  appendFileSync(ledger, `${JSON.stringify(deed)}\n`);
  report({ topic: what, text: `${what}   ${key}` });
  // One deed is slow: it is done, and who asked for it is killed before knowing.
  await pause(what === slow ? 60_000 : 250);
}

export async function reserve(seed: string, packets: number, key: string): Promise<string> {
  await act(`reserve ${seed}`, key);
  return `${packets} ${seed}`;
}

export const giveBack = (slip: string, key: string): Promise<void> => act(`give back ${slip}`, key);

export async function charge(customer: string, cents: number, key: string): Promise<string> {
  await act(`charge ${cents / 100} €`, key);
  return `${cents / 100} € of ${customer}`;
}

export const refund = (payment: string, key: string): Promise<void> => act(`refund ${payment}`, key);

export async function send(customer: string, key: string): Promise<string> {
  await act(`send to ${customer}`, key);
  return `a parcel for ${customer}`;
}
