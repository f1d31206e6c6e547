/** What the functions of flows did, outside: a file that is appended to, a line before each of them goes on. */
import { openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../../support/workflow/calls.ts';

/** What a function of a flow did. */
export interface Entry extends Call {
  readonly run: string;
  /** Which process did it, counted from 1. */
  readonly life: number;
}

const fileIn = (folder: string): string => join(folder, 'ledger');

/** Notes what is done on behalf of one process. */
export function openOutside(folder: string, life: number): (run: string, call: Call) => void {
  const file = openSync(fileIn(folder), 'a');
  return (run, call) => {
    writeSync(file, `${JSON.stringify({ run, life, ...call } satisfies Entry)}\n`);
  };
}

export function readOutside(folder: string): Entry[] {
  const lines = readFileSync(fileIn(folder), { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** In bytes: about a hundred for each. */
export const sizeOf = (folder: string): number =>
  statSync(fileIn(folder), { throwIfNoEntry: false })?.size ?? 0;
