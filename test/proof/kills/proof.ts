/**
 * Processes are killed at random instants, in the middle of commits as well as between them, and each time
 * the next one must find all that was acknowledged, once, and nothing done that was not stored. In every place that
 * processes can share.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Proof } from '../proof.ts';
import type { Ground } from '../grounds.ts';
import { killOnEachGround } from '../kills-on-each-ground.ts';
import { killBrowser } from './browser.ts';
import { checkDelays, checkHistory, checkLedger, checkState } from './checks.ts';
import { Round } from './round.ts';
import type { SpareProcesses } from '../worker-process.ts';
import type { Answer, Order } from './worker.ts';

/** After so many kills, the run comes to its end, is read whole, and another begins. */
const killsPerRound = 50;

export const proof: Proof = {
  name: 'kills',
  full: 500,
  run: (count, say, options) =>
    killOnEachGround<Order, Answer>(count, say, options, {
      worker: new URL('worker.ts', import.meta.url),
      kills: (ground, workers) => new Kills(ground, workers),
      besides: () => inChromium(count, options.servers),
    }),
};

async function inChromium(count: number, isWanted: boolean): Promise<Pick<Kills, 'faults' | 'figure'>> {
  const browser = isWanted ? await killBrowser(Math.ceil(count / 20)) : undefined;
  return {
    faults: (browser?.faults ?? []).map((fault) => `Chromium: ${fault}`),
    figure: `IndexedDB in Chromium: ${browser?.figure ?? 'skipped, as no browser was wanted'}`,
  };
}

/** The kills in one place, and what was counted. */
class Kills {
  readonly faults: string[] = [];
  readonly #counts = {
    ...{ kills: 0, opening: 0, inFlight: 0, stored: 0, sentAgain: 0 },
    ...{ acknowledged: 0, turns: 0, delays: 0, across: 0, late: 0, effects: 0, again: 0, replayed: 0 },
  };

  constructor(
    private readonly ground: Ground,
    private readonly workers: SpareProcesses<Order, Answer>,
  ) {}

  async reach(count: number, say: (line: string) => void): Promise<void> {
    const counts = this.#counts;
    while (counts.kills < count && this.faults.length === 0) {
      await this.#round(Math.min(killsPerRound, count - counts.kills));
      say(`${this.ground.name}: ${counts.kills} kills, ${counts.acknowledged} events acknowledged`);
    }
    if (this.faults.length > 0) return;
    // Kills that hit nothing, and delays that no kill came between, would prove nothing.
    if (counts.inFlight < counts.kills / 2)
      this.faults.push(`only ${counts.inFlight} of ${counts.kills} kills hit events in flight`);
    if (counts.across < counts.kills / 20)
      this.faults.push(`only ${counts.across} delays lived through a kill`);
  }

  async #round(kills: number): Promise<void> {
    const { faults } = this;
    const counts = this.#counts;
    const folder = mkdtempSync(join(tmpdir(), 'savepoint-kills-'));
    mkdirSync(join(folder, 'place'));
    const round = new Round(this.ground.fresh(join(folder, 'place')), folder, this.workers, checkState);
    try {
      const state = await round.live(kills);
      const ledger = checkLedger(round);
      const alarms = checkDelays('alarm', round.begun.ARM, state.fired, round);
      const stocktakes = checkDelays('stocktake', round.begun.COUNT, state.stockroom.fired, round);
      faults.push(...checkState(state, round), ...ledger.faults, ...alarms.faults, ...stocktakes.faults);
      faults.push(...(await checkHistory(state, round)));
      counts.acknowledged += round.receipts.size;
      counts.turns += state.seq;
      counts.delays += state.fired.length + state.stockroom.fired.length;
      counts.across += alarms.across + stocktakes.across;
      counts.late = Math.max(counts.late, alarms.late, stocktakes.late);
      counts.effects += round.begun.COUNT + round.begun.DISPATCH;
      counts.again += ledger.again;
      counts.replayed += ledger.replayed;
    } catch (error) {
      faults.push(...round.faults, String(error));
    }
    for (const key of ['kills', 'opening', 'inFlight', 'stored', 'sentAgain'] as const)
      counts[key] += round.tally[key];
    if (faults.length === 0) rmSync(folder, { recursive: true });
    else faults.push(`What is left is in ${folder}.`);
  }

  get figure(): string {
    const { kills, opening, inFlight, stored, sentAgain, acknowledged, turns } = this.#counts;
    const { delays, across, late, effects, again, replayed } = this.#counts;
    return (
      `${kills} kills (${inFlight} with events unacknowledged, in ${stored} of them some of those stored; ${opening} at opening), ` +
      `${acknowledged} events acknowledged, 0 lost, 0 twice (${sentAgain} sent again), ${turns} seqs without a gap; ` +
      `${delays} delays once each (${across} lived through a kill, the latest ${late} ms late); ` +
      `${effects} promises (${again} ran again, none after its outcome was committed); actions in order, 0 early, 0 lost (${replayed} came again)`
    );
  }
}
