/** What the fleet did outside: a file that all its processes append to, a line at a time. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentEffect } from 'savepoint';
import { deeds, type DeedName } from './machine.ts';

export interface Ledger {
  /** Something that takes a moment. */
  deed(run: string, name: DeedName): Promise<void>;
  ended(run: string): void;
}

/** On behalf of one process. */
export function openLedger(path: string): Ledger {
  const file = openSync(path, 'a');
  const write = (run: string, what: string): void => {
    writeSync(file, `${run} ${what} ${currentEffect()?.effectId ?? '-'}\n`);
  };
  return {
    async deed(run, name) {
      write(run, name);
      await sleep(Math.random() * 15);
    },
    ended: (run) => write(run, 'ended'),
  };
}

/** What is not as it must be, and how many deeds were done again, as their process was killed. */
export function checkLedger(path: string, runs: readonly string[]): { faults: string[]; again: number } {
  const faults: string[] = [];
  let again = 0;
  const known = new Map<string, { at: number; ids: Map<string, string>; ends: number }>(
    runs.map((run) => [run, { at: -1, ids: new Map(), ends: 0 }]),
  );
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const [run = '', what = '', effectId = ''] = line.split(' ');
    const one = known.get(run);
    if (!one) {
      faults.push(`there is no parcel ${run}`);
      continue;
    }
    if (what === 'ended') {
      one.ends++;
      continue;
    }
    const at = deeds.indexOf(what as DeedName);
    if (at < one.at) faults.push(`${run}: '${what}' was done again after '${deeds[one.at]}' had begun`);
    else if (at > one.at + 1) faults.push(`${run}: '${what}' came before '${deeds[one.at + 1]}'`);
    else if (at === one.at) again++;
    one.at = Math.max(one.at, at);
    const before = one.ids.get(what);
    if (before !== undefined && before !== effectId)
      faults.push(`${run}: '${what}' was ${before}, then ${effectId}`);
    one.ids.set(what, effectId);
  }
  for (const [run, { at, ends }] of known) {
    if (at !== deeds.length - 1) faults.push(`${run} came as far as '${deeds[at] ?? 'nothing'}'`);
    if (ends === 0) faults.push(`the end of ${run} was never told`);
  }
  return { faults, again };
}
