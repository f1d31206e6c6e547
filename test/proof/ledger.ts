/**
 * What happened outside, in order, whoever did it: a file that is only appended to, a line at a time, each
 * written before its writer goes on. A killed process takes none of its lines back.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';

export interface Entry {
  /** What was done. */
  readonly what: string;
  /** To which of them. */
  readonly n: number;
  /** The seq of the turn that caused it, as the store said when it was done; 0: the store had no such turn. */
  readonly seq: number;
  /** Which process did it. */
  readonly life: number;
}

/** Appends to the ledger at `path`, on behalf of one process. */
export function openLedger(path: string, life: number): (what: string, n: number, seq: number) => void {
  const file = openSync(path, 'a');
  return (what, n, seq) => {
    writeSync(file, `${what} ${n} ${seq} ${life}\n`);
  };
}

export function readLedger(path: string): Entry[] {
  const lines = readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => {
    const [what = '', n, seq, life] = line.split(' ');
    return { what, n: Number(n), seq: Number(seq), life: Number(life) };
  });
}
