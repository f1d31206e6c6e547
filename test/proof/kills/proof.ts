/**
 * Processes are killed at random instants, in the middle of commits as well as between them, and each time
 * the next one must find all that was acknowledged, once, and nothing done that was not stored.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Proof } from '../proof.ts';
import { bundle, unbundle } from '../bundle.ts';
import { checkDelays, checkHistory, checkLedger, checkState } from './checks.ts';
import { Round } from './round.ts';
import { SpareProcesses } from '../worker-process.ts';
import type { Answer, Order } from './worker.ts';

/** After so many kills, the run comes to its end, is read whole, and another begins. */
const killsPerRound = 50;

export const proof: Proof = {
  name: 'kills',
  full: 500,
  async run(count, say) {
    const total = { kills: 0, opening: 0, inFlight: 0, stored: 0, sentAgain: 0 };
    const figures = {
      acknowledged: 0,
      turns: 0,
      delays: 0,
      across: 0,
      late: 0,
      effects: 0,
      again: 0,
      replayed: 0,
    };
    const faults: string[] = [];
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 3);
    while (total.kills < count && faults.length === 0) {
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-kills-'));
      const round = new Round(folder, workers, checkState);
      try {
        const state = await round.live(Math.min(killsPerRound, count - total.kills));
        const ledger = checkLedger(round);
        const alarms = checkDelays('alarm', round.begun.ARM, state.fired, round);
        const stocktakes = checkDelays('stocktake', round.begun.COUNT, state.stockroom.fired, round);
        faults.push(...checkState(state, round), ...ledger.faults, ...alarms.faults, ...stocktakes.faults);
        faults.push(...(await checkHistory(state, round)));
        figures.acknowledged += round.receipts.size;
        figures.turns += state.seq;
        figures.delays += state.fired.length + state.stockroom.fired.length;
        figures.across += alarms.across + stocktakes.across;
        figures.late = Math.max(figures.late, alarms.late, stocktakes.late);
        figures.effects += round.begun.COUNT + round.begun.DISPATCH;
        figures.again += ledger.again;
        figures.replayed += ledger.replayed;
      } catch (error) {
        faults.push(...round.faults, String(error));
      }
      for (const key of ['kills', 'opening', 'inFlight', 'stored', 'sentAgain'] as const)
        total[key] += round.tally[key];
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else faults.push(`What is left is in ${folder}.`);
      say(`${total.kills} kills, ${figures.acknowledged} events acknowledged`);
    }
    await workers.end();
    unbundle(program);
    // Kills that hit nothing, and delays that no kill came between, would prove nothing.
    if (total.inFlight < total.kills / 2) faults.push(`only ${total.inFlight} kills hit events in flight`);
    if (figures.across < total.kills / 20) faults.push(`only ${figures.across} delays lived through a kill`);
    for (const fault of faults.slice(0, 12)) say(fault);
    return {
      passed: faults.length === 0,
      figure: faults.length > 0 ? `${faults.length} faults: ${faults[0]}` : describe(total, figures),
    };
  },
};

function describe(
  { kills, opening, inFlight, stored, sentAgain }: Round['tally'],
  {
    acknowledged,
    turns,
    delays,
    across,
    late,
    effects,
    again,
    replayed,
  }: Record<
    'acknowledged' | 'turns' | 'delays' | 'across' | 'late' | 'effects' | 'again' | 'replayed',
    number
  >,
): string {
  return (
    `${kills} kills (${inFlight} with events unacknowledged, in ${stored} of them some of those stored; ${opening} at opening), ` +
    `${acknowledged} events acknowledged, 0 lost, 0 twice (${sentAgain} sent again), ${turns} seqs without a gap; ` +
    `${delays} delays once each (${across} lived through a kill, the latest ${late} ms late); ` +
    `${effects} promises (${again} ran again, none after its outcome was committed); actions in order, 0 early, 0 lost (${replayed} came again)`
  );
}
