/**
 * Two processes answer the same questions at the same time, each in another way, while one of them or a third has the
 * runs, and is killed at times: one answer is taken, the other is told whose that is, and none is lost.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, unbundle } from '../bundle.ts';
import { openGrounds } from '../grounds.ts';
import type { Proof } from '../proof.ts';
import { SpareProcesses } from '../worker-process.ts';
import { checkBallot } from './checks.ts';
import { questionsOf } from './machine.ts';
import { type Kind, Round } from './round.ts';
import type { Answer, Order } from './worker.ts';

/** One after another, and each in the next place. */
const kinds: readonly Kind[] = [
  { holder: 'C', kill: false },
  { holder: 'C', kill: true },
  { holder: 'A', kill: false },
  { holder: 'A', kill: true },
];
const ballotsPerRound = 5;
const questionsPerBallot = Object.keys(questionsOf('')).length;

export const proof: Proof = {
  name: 'answers',
  full: 1000,
  async run(count, say, { servers }) {
    const grounds = await openGrounds(say, servers);
    const faults: string[] = [];
    const totals = new Map<string, Total>();
    let asked = 0;
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 3);
    for (let n = 0; asked < count && faults.length === 0; n++) {
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-answers-'));
      mkdirSync(join(folder, 'place'));
      const places = grounds.all.length;
      const ground = grounds.all[n % places]!;
      // Each place meets each kind, where there are enough rounds.
      const kind = kinds[(n + Math.floor(n / places)) % kinds.length]!;
      const ballots = Math.min(ballotsPerRound, Math.ceil((count - asked) / questionsPerBallot));
      const round = new Round(ground.fresh(join(folder, 'place')), workers, kind, ballots);
      const total = totals.get(ground.name) ?? { questions: 0, firstA: 0, atOnce: 0, kills: 0, cutOff: 0 };
      totals.set(ground.name, total);
      try {
        await round.live();
        for (const ballot of round.ballots) faults.push(...(await checkBallot(ballot, round, total)));
        faults.push(...round.faults);
      } catch (error) {
        faults.push(...round.faults, String(error));
      }
      asked += round.questions.length;
      total.questions += round.questions.length;
      total.cutOff += round.cutOff;
      if (kind.kill) total.kills++;
      await round.end();
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else
        faults.push(
          `${kind.holder} had the runs in ${ground.name}${kind.kill ? ' and was killed' : ''}; what is left is in ${folder}.`,
        );
      if (n % 5 === 4) say(`${asked} questions`);
    }
    await workers.end();
    unbundle(program);
    await grounds.end();
    // Answers that do not meet would prove nothing.
    const atOnce = [...totals.values()].reduce((sum, total) => sum + total.atOnce, 0);
    if (faults.length === 0 && atOnce < asked / 4)
      faults.push(`only ${atOnce} of ${asked} questions were answered by both at the same time`);
    for (const fault of faults.slice(0, 12)) say(fault);
    const figures = [...totals].map(([name, total]) => `${name}: ${figureOf(total)}`);
    return {
      passed: faults.length === 0,
      figure:
        faults.length > 0
          ? `${faults.length} faults: ${faults[0]}`
          : [...figures, ...grounds.skipped].join('\n'),
    };
  },
};

type Total = Record<'questions' | 'firstA' | 'atOnce' | 'kills' | 'cutOff', number>;

function figureOf({ questions, firstA, atOnce, kills, cutOff }: Total): string {
  return (
    `${questions} questions answered by two processes, ${atOnce} of them at the same time: ` +
    `${firstA} times the one was first, ${questions - firstA} times the other, 0 times both, ` +
    `and the second was told; ${kills} kills (${cutOff} answers without a receipt), 0 answers lost`
  );
}
