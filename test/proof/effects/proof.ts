/**
 * Processes are killed at random instants while orders take their steps, act and wait for answers. What was done is
 * written down by a process of its own: no finished step is there twice, no action is missing, and every answer that
 * was acknowledged is applied once. In every place that processes can share.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ground } from '../grounds.ts';
import { killOnEachGround } from '../kills-on-each-ground.ts';
import type { Proof } from '../proof.ts';
import type { SpareProcesses } from '../worker-process.ts';
import { checkActions, checkAnswers, checkSteps, countCut } from './checks.ts';
import { actionNames, stepNames } from './machine.ts';
import { startOutside } from './outside.ts';
import { Round } from './round.ts';
import type { Answer, Order } from './worker.ts';

/** After so many kills, all orders come to their end, and others begin in another place. */
const killsPerRound = 50;

export const proof: Proof = {
  name: 'effects',
  full: 500,
  run: (count, say, options) =>
    killOnEachGround<Order, Answer>(count, say, options, {
      worker: new URL('worker.ts', import.meta.url),
      kills: (ground, workers) => new Kills(ground, workers),
    }),
};

/** The kills in one place, and what was counted. */
class Kills {
  readonly faults: string[] = [];
  readonly #total = {
    ...{ kills: 0, early: 0, unanswered: 0, sentAgain: 0 },
    ...{ orders: 0, cut: 0, steps: 0, actions: 0, answers: 0, inInbox: 0, beforehand: 0 },
  };

  constructor(
    private readonly ground: Ground,
    private readonly workers: SpareProcesses<Order, Answer>,
  ) {}

  async reach(count: number, say: (line: string) => void): Promise<void> {
    const total = this.#total;
    while (total.kills < count && this.faults.length === 0) {
      await this.#round(Math.min(killsPerRound, count - total.kills));
      say(`${this.ground.name}: ${total.kills} kills, ${total.orders} orders at their end`);
    }
    // Kills that cut nothing off would prove nothing.
    if (this.faults.length === 0 && total.cut < Math.floor(total.kills / 4))
      this.faults.push(`only ${total.cut} steps and actions were cut off`);
  }

  async #round(kills: number): Promise<void> {
    const { faults } = this;
    const total = this.#total;
    const folder = mkdtempSync(join(tmpdir(), 'savepoint-effects-'));
    mkdirSync(join(folder, 'place'));
    const outside = await startOutside(join(folder, 'ledger'));
    const round = new Round(this.ground.fresh(join(folder, 'place')), this.workers, outside);
    const isAtEnd = await round.live(kills).then(
      () => true,
      (error: unknown) => {
        faults.push(...round.faults, String(error));
        return false;
      },
    );
    // Also where it came to no end: what was done tells why.
    const entries = outside.read();
    total.cut += countCut(entries);
    for (const run of round.desk.orders) {
      const its = entries.filter((entry) => entry.run === run);
      const steps = checkSteps(run, its);
      const actions = checkActions(run, its);
      faults.push(...steps.faults, ...actions.faults);
      if (isAtEnd) faults.push(...(await checkAnswers(run, its, round.desk)));
      total.orders++;
      total.steps += steps.again;
      total.actions += actions.again;
    }
    const plans = [...round.desk.plans.values()];
    total.answers += plans.length;
    total.inInbox += plans.filter(({ through }) => through === 'inbox').length;
    total.beforehand += plans.filter(({ early }) => early).length;
    for (const key of ['kills', 'early', 'unanswered', 'sentAgain'] as const) total[key] += round.tally[key];
    await round.end();
    await outside.end();
    if (faults.length === 0) rmSync(folder, { recursive: true });
    else faults.push(`What is left is in ${folder}.`);
  }

  get figure(): string {
    const { kills, early, unanswered, sentAgain, orders, cut } = this.#total;
    const { steps, actions, answers, inInbox, beforehand } = this.#total;
    return (
      `${kills} kills (${early} at recovery; ${cut} steps and actions cut off), ${orders} orders; ` +
      `${orders * stepNames.length} steps, 0 again after they were finished (${steps} again before, each with its effect id); ` +
      `${orders * actionNames.length} actions, 0 lost, in order (${actions} came again); ` +
      `${answers} answers applied once each (${inInbox} through the inbox, ${beforehand} before they were asked, ` +
      `${unanswered} kills before a receipt, ${sentAgain} sent again)`
    );
  }
}
