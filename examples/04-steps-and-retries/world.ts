/** What is outside of the function: the bakery's own affairs, and how it talks to Copperpot. */
import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../stage/report.ts';

export interface Wage {
  readonly baker: string;
  readonly cents: number;
}

/** A payment that was not made, with the status of the answer. */
class PaymentError extends Error {
  override readonly name = 'PaymentError';

  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/**
 * Will a payment never be made? Asked of the error's properties and not of its class: one that comes back from the
 * journal has its name, message and properties, and is a plain Error.
 */
export const isFinal = (error: unknown): boolean =>
  error instanceof Error && 'status' in error && error.status === 410;

/** Reports that a step runs. The script counts these. */
const runs = (step: string, text: string): void => report({ topic: `step ${step}`, text });

export function addUpHours(week: number): Wage[] {
  runs('add up', `adds up the hours of week ${week}`);
  return [
    { baker: 'Hazel', cents: 61_200 },
    { baker: 'Rowan', cents: 48_450 },
    { baker: 'Sorrel', cents: 20_400 },
    { baker: 'Linden', cents: 55_080 },
  ];
}

/** Pays by Copperpot, which pays once for each key. */
export async function pay(wage: Wage, key: string, attempt: number, signal: AbortSignal): Promise<string> {
  runs(`pay ${wage.baker}`, `pays ${wage.baker}, try ${attempt}`);
  const response = await fetch(`${process.env['COPPERPOT']}/payments`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify(wage),
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new PaymentError(text, response.status);
  return text;
}

export function handOver({ baker }: Wage): void {
  runs(`cash for ${baker}`, `puts ${baker}'s wage into an envelope`);
}

export async function printPayslips(wages: readonly Wage[]): Promise<void> {
  runs('payslips', `prints ${wages.length} payslips`);
  await pause(1_000);
  report({ topic: 'printed', text: 'has printed them' });
}

export function fileAway(week: number): void {
  runs('books', `enters week ${week} in the books`);
}
