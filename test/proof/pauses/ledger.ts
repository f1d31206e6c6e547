/** What began and ended outside, in order, and when: a file that is only appended to. A kill takes nothing of it back. */
import { openSync, readFileSync, writeSync } from 'node:fs';

export interface Entry {
  readonly what: 'begins' | 'ends';
  /** Which deed: `a 7`, `b 7`, `report 7`. */
  readonly deed: string;
  /** The process that did it. */
  readonly pid: number;
  /** By a clock that all processes of the machine share, in nanoseconds. */
  readonly at: bigint;
}

export const now = (): bigint => process.hrtime.bigint();

export function openLedger(path: string): (what: Entry['what'], deed: string) => void {
  const file = openSync(path, 'a');
  return (what, deed) => void writeSync(file, `${what},${deed},${process.pid},${now()}\n`);
}

export function readLedger(path: string): Entry[] {
  const lines = readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => {
    const [what, deed = '', pid, at = '0'] = line.split(',');
    return { what: what as Entry['what'], deed, pid: Number(pid), at: BigInt(at) };
  });
}
