/**
 * Agents whose processes are killed at random instants: the model is behind a server that speaks a provider's own
 * format and keeps a log, tools write down what they do, and approvals are given by another process. Nothing that is
 * committed is asked or done again, and the transcript is that of a run that nobody killed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, unbundle } from '../bundle.ts';
import type { Proof } from '../proof.ts';
import { SpareProcesses } from '../worker-process.ts';
import { callsAgain, checkCalls, checkTools, checkTranscript, deedsAgain, type Ended } from './checks.ts';
import { placeOf, readOutside } from './outside.ts';
import { Round } from './round.ts';
import type { Answer, Order } from './worker.ts';

/** They go on beside each other in one file. */
const RUNS = ['trip-1', 'trip-2', 'trip-3'];

export const proof: Proof = {
  name: 'agents',
  full: 300,
  async run(count, say) {
    const faults: string[] = [];
    const total: Total = {
      ...{ kills: 0, early: 0, conversations: 0, calls: 0, callsAgain: 0 },
      ...{ deeds: 0, deedsAgain: 0, messages: 0 },
    };
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 2);
    const undisturbed = await play(workers, 0, faults);
    say('one round is over that nobody disturbed');
    while (total.kills < count && faults.length === 0) {
      const { ended, kills, early, folder } = await play(workers, count - total.kills, faults);
      for (const [at, one] of faults.length > 0 ? [] : ended.entries()) {
        const same = undisturbed.ended[at]!;
        faults.push(...checkCalls(one, same), ...checkTools(one), ...checkTranscript(one, same));
        total.conversations++;
        total.calls += one.calls.length;
        total.callsAgain += callsAgain(one);
        total.deeds += one.entries.filter((entry) => entry.at === 'begin').length;
        total.deedsAgain += deedsAgain(one);
        total.messages += one.left.at(-1)?.messages.length ?? 0;
      }
      total.kills += kills;
      total.early += early;
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else faults.push(`What is left is in ${folder}.`);
      say(`${total.kills} kills, ${total.conversations} conversations at their end`);
    }
    rmSync(undisturbed.folder, { recursive: true });
    await workers.end();
    unbundle(program);
    // Kills that cut nothing off would prove nothing.
    if (faults.length === 0 && (total.callsAgain < total.kills / 5 || total.deedsAgain < total.kills / 5))
      faults.push(`only ${total.callsAgain} calls and ${total.deedsAgain} deeds were cut off`);
    for (const fault of faults.slice(0, 12)) say(fault);
    return {
      passed: faults.length === 0,
      figure: faults.length > 0 ? `${faults.length} faults: ${faults[0]}` : describe(total),
    };
  },
};

interface Total {
  kills: number;
  early: number;
  conversations: number;
  calls: number;
  callsAgain: number;
  deeds: number;
  deedsAgain: number;
  messages: number;
}

interface Played {
  readonly ended: readonly Ended[];
  readonly kills: number;
  readonly early: number;
  readonly folder: string;
}

/** Lets all conversations come to their end, with so many kills at most. */
async function play(workers: SpareProcesses<Order, Answer>, most: number, faults: string[]): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-agents-'));
  const round = await Round.in(folder, RUNS, workers);
  await round.live(most).catch((error: unknown) => faults.push(String(error)));
  faults.push(...round.faults);
  const { left, kills, early, server } = round;
  const entries = readOutside(folder);
  await round.close();
  const ended = RUNS.map((run): Ended => ({
    run,
    calls: server.calls.filter(({ key }) => key?.startsWith(`${run}/`)),
    entries: entries.filter(({ effectId }) => placeOf(effectId).run === run),
    left: left.map((stored) => stored.get(run)),
  }));
  return { ended, kills, early, folder };
}

function describe({
  kills,
  early,
  conversations,
  calls,
  callsAgain,
  deeds,
  deedsAgain,
  messages,
}: Total): string {
  return (
    `${kills} kills (${early} at opening), ${conversations} conversations of ${messages / conversations} messages as ` +
    `without kills; ${calls} model calls, ${callsAgain} again that a kill cut off, each under its key; ` +
    `${deeds} deeds of tools, ${deedsAgain} again that a kill cut off, none after its result was committed`
  );
}
