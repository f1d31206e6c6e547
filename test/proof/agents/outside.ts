/** What tools did, outside: a file that is appended to, a line before and after each deed. No kill takes a line back. */
import { openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Deed {
  /** Its effect: the same at each try of a call. It begins with the run and the call. */
  readonly effectId: string;
  readonly at: 'begin' | 'end';
  readonly input: unknown;
}

export interface Entry extends Deed {
  /** Which process did it, counted from 1. */
  readonly life: number;
}

const fileIn = (folder: string): string => join(folder, 'ledger');

/** Notes deeds on behalf of one process. */
export function openOutside(folder: string, life: number): (deed: Deed) => void {
  const file = openSync(fileIn(folder), 'a');
  return (deed) => {
    writeSync(file, `${JSON.stringify({ ...deed, life } satisfies Entry)}\n`);
  };
}

export function readOutside(folder: string): Entry[] {
  const lines = readFileSync(fileIn(folder), { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** How many there are, roughly. */
export const countOf = (folder: string): number =>
  (statSync(fileIn(folder), { throwIfNoEntry: false })?.size ?? 0) / 90;

/** `trip-1/places/work:1/fetch`: of which run, which call of a tool, and which step of it, if any. */
export function placeOf(effectId: string): {
  readonly run: string;
  readonly call: string;
  readonly step: string;
} {
  const [run = '', call = '', , step = ''] = effectId.split('/');
  return { run, call, step };
}
