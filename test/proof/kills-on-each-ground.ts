/** Kills processes in each place where they can share runs, one place after the other. */
import { bundle, unbundle } from './bundle.ts';
import { type Ground, openGrounds } from './grounds.ts';
import type { Outcome, ProofOptions } from './proof.ts';
import { SpareProcesses } from './worker-process.ts';

/** The kills in one place. */
interface Kills {
  readonly faults: readonly string[];
  /** What was counted. */
  readonly figure: string;
  reach(count: number, say: (line: string) => void): Promise<void>;
}

/** What is to be killed, and where else. */
interface Plan<TOrder extends object, TAnswer extends object> {
  /** The program of those that are killed. */
  readonly worker: URL;
  readonly kills: (ground: Ground, workers: SpareProcesses<TOrder, TAnswer>) => Kills;
  /** In a place where there are no processes. */
  readonly besides?: () => Promise<Pick<Kills, 'faults' | 'figure'>>;
}

/** `count` kills over all places, until one of them shows a fault. */
export async function killOnEachGround<TOrder extends object, TAnswer extends object>(
  count: number,
  say: (line: string) => void,
  { servers }: ProofOptions,
  { worker, kills, besides }: Plan<TOrder, TAnswer>,
): Promise<Outcome> {
  const grounds = await openGrounds(say, servers);
  const program = await bundle(worker);
  const workers = new SpareProcesses<TOrder, TAnswer>(program, 3);
  const faults: string[] = [];
  const figures: string[] = [];
  for (const ground of grounds.all) {
    const there = kills(ground, workers);
    await there.reach(Math.ceil(count / grounds.all.length), say);
    for (const fault of there.faults) faults.push(`${ground.name}: ${fault}`);
    figures.push(`${ground.name}: ${there.figure}`);
    if (faults.length > 0) break;
  }
  await workers.end();
  unbundle(program);
  await grounds.end();
  if (besides && faults.length === 0) {
    const there = await besides();
    faults.push(...there.faults);
    figures.push(there.figure);
  }
  for (const fault of faults.slice(0, 12)) say(fault);
  return {
    passed: faults.length === 0,
    figure:
      faults.length > 0
        ? `${faults.length} faults: ${faults[0]}`
        : [...figures, ...grounds.skipped].join('\n'),
  };
}
