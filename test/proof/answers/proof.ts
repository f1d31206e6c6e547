/**
 * Two processes answer the same questions at the same time, each in another way, while one of them or a third has the
 * runs, and is killed at times: one answer is taken, the other is told whose that is, and none is lost.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, unbundle } from '../bundle.ts';
import type { Proof } from '../proof.ts';
import { SpareProcesses } from '../worker-process.ts';
import { checkBallot } from './checks.ts';
import { questionsOf } from './machine.ts';
import { type Kind, Round } from './round.ts';
import type { Answer, Order } from './worker.ts';

/** One after another, a file each. */
const kinds: readonly Kind[] = [
  { holder: 'C', kill: false },
  { holder: 'C', kill: true },
  { holder: 'A', kill: false },
  { holder: 'A', kill: true },
];
const ballotsPerRound = 10;
const questionsPerBallot = Object.keys(questionsOf('')).length;

export const proof: Proof = {
  name: 'answers',
  full: 1000,
  async run(count, say) {
    const faults: string[] = [];
    const counts = { firstA: 0, atOnce: 0 };
    let questions = 0;
    let kills = 0;
    let cutOff = 0;
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 3);
    for (let n = 0; questions < count && faults.length === 0; n++) {
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-answers-'));
      const kind = kinds[n % kinds.length]!;
      const ballots = Math.min(ballotsPerRound, Math.ceil((count - questions) / questionsPerBallot));
      const round = new Round(folder, workers, kind, ballots);
      try {
        await round.live();
        for (const ballot of round.ballots) faults.push(...(await checkBallot(ballot, round, counts)));
        faults.push(...round.faults);
      } catch (error) {
        faults.push(...round.faults, String(error));
      }
      questions += round.questions.length;
      cutOff += round.cutOff;
      if (kind.kill) kills++;
      await round.end();
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else
        faults.push(
          `${kind.holder} had the runs${kind.kill ? ' and was killed' : ''}; what is left is in ${folder}.`,
        );
      if (n % 5 === 4) say(`${questions} questions`);
    }
    await workers.end();
    unbundle(program);
    // Answers that do not meet would prove nothing.
    if (faults.length === 0 && counts.atOnce < questions / 4)
      faults.push(`only ${counts.atOnce} of ${questions} questions were answered by both at the same time`);
    for (const fault of faults.slice(0, 12)) say(fault);
    return {
      passed: faults.length === 0,
      figure:
        faults.length > 0
          ? `${faults.length} faults: ${faults[0]}`
          : `${questions} questions answered by two processes, ${counts.atOnce} of them at the same time: ` +
            `${counts.firstA} times the one was first, ${questions - counts.firstA} times the other, 0 times both, ` +
            `and the second was told; ${kills} kills (${cutOff} answers without a receipt), 0 answers lost`,
    };
  },
};
