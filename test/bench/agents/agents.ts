/** Agents: 200 at once of 10 loops with 2 tools each, by what a loop costs, beside other systems. */
import type { ChildProcess } from 'node:child_process';
import { askContender, startContenders } from '../contender-process.ts';
import { figureOf, ratioOf } from '../measure.ts';
import type { Report } from '../report.ts';
import type { From } from '../subject.ts';
import { BARE, LOOPS, type Measured, type Name, names, NORMAL, PEERS, type Question } from './contender.ts';

const AGENTS = 200;
const TITLE = `Agents: ${AGENTS} at once, ${LOOPS} loops with 2 tools each, ms a loop`;

export async function measureAgents(from: From, rounds: number, report: Report): Promise<void> {
  const processes = await startContenders(new URL('child.ts', import.meta.url), names, from, isOurs);
  const figures = await measure(processes, rounds);
  for (const child of processes.values()) child.disconnect();
  console.log(`\n${TITLE}`);
  const of = (who: Name, what: keyof Measured): number[] =>
    figures.get(who)!.map((measured) => measured[what] / AGENTS / LOOPS);
  for (const who of processes.keys()) {
    report.note(TITLE, who, figureOf(of(who, 'ms')), ' ms');
    report.note(TITLE, `${who}, CPU`, figureOf(of(who, 'cpu')), ' ms');
  }
  const none = of(BARE, 'ms');
  const overhead = of(NORMAL, 'ms').map((ms, round) => ms - none[round]!);
  report.note(TITLE, 'what being durable adds', figureOf(overhead), ' ms');
  for (const who of PEERS.filter((peer) => processes.has(peer)))
    report.bar(`${AGENTS} agents: ${who}, of ours`, ratioOf(of(who, 'ms'), of(NORMAL, 'ms')), { least: 1 });
}

const isOurs = (name: Name): boolean => name === BARE || name === NORMAL;

/** What it took each of them, round by round. The first round warms up. */
async function measure(
  processes: ReadonlyMap<Name, ChildProcess>,
  rounds: number,
): Promise<ReadonlyMap<Name, readonly Measured[]>> {
  const figures = new Map<Name, Measured[]>();
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'Warming up …' : `Round ${round} of ${rounds} …`);
    for (const [name, child] of processes) {
      const question: Question = { agents: AGENTS };
      const answer = await askContender<Measured>(child, question);
      if (!('ms' in answer)) throw new Error(`${name}: ${answer.failed}`);
      if (round > 0) figures.set(name, [...(figures.get(name) ?? []), answer]);
    }
  }
  return figures;
}
