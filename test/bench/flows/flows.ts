/** Flows: a chain and a fan of 300 nodes, by the cost of a node, beside flows of 30 and beside other systems. */
import type { ChildProcess } from 'node:child_process';
import { askContender, startContenders } from '../contender-process.ts';
import { figureOf, ratioOf } from '../measure.ts';
import type { Report } from '../report.ts';
import type { From } from '../subject.ts';
import {
  BARE,
  type Kind,
  type Measured,
  type Name,
  names,
  NORMAL,
  PEERS,
  type Question,
} from './contender.ts';

const KINDS: readonly Kind[] = ['chain', 'fan'];
const SMALL = 30;
const LARGE = 300;
/** So many runs of a small flow are as many nodes as one of a large one. */
const TIMES = LARGE / SMALL;
/** Ours are fast, and so measured for as long as it takes to tell. */
const REPEATS = 24;

export async function measureFlows(from: From, rounds: number, report: Report): Promise<void> {
  const processes = await startContenders(new URL('child.ts', import.meta.url), names, from, isOurs);
  const figures = await measure(processes, rounds);
  for (const child of processes.values()) child.disconnect();
  for (const kind of KINDS) {
    const title = `Flows: a ${kind}, µs a node`;
    console.log(`\n${title}`);
    const of = (who: Name, size: number): readonly number[] => figures.get(keyOf(who, kind, size))!;
    for (const who of processes.keys()) {
      for (const size of [SMALL, LARGE])
        report.note(title, `${who}, ${size} nodes`, figureOf(of(who, size)), '');
      const growth = ratioOf(of(who, LARGE), of(who, SMALL));
      if (!isOurs(who)) report.note(title, `${who}, of ${LARGE} to ${SMALL}`, growth, '');
      else report.bar(`${kind}, ${who}: a node of ${LARGE}, of one of ${SMALL}`, growth, { most: 1.5 });
    }
    for (const who of PEERS.filter((peer) => processes.has(peer))) {
      const slower = ratioOf(of(who, LARGE), of(NORMAL, LARGE));
      report.bar(`${kind} of ${LARGE}: ${who}, of ours`, slower, { least: 1 });
    }
  }
}

const isOurs = (name: Name): boolean => name === BARE || name === NORMAL;

const keyOf = (who: Name, kind: Kind, size: number): string => `${who} ${kind} ${size}`;

/** Microseconds a node, round by round. The first round warms up. */
async function measure(
  processes: ReadonlyMap<Name, ChildProcess>,
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const figures = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'Warming up …' : `Round ${round} of ${rounds} …`);
    for (const kind of KINDS)
      for (const [name, child] of processes)
        for (const size of [SMALL, LARGE]) {
          const repeats = isOurs(name) ? REPEATS : 1;
          const times = size === SMALL ? TIMES : 1;
          const question: Question = { kind, size, times, repeats };
          const answer = await askContender<Measured>(child, question);
          if (!('micros' in answer)) throw new Error(`${name}: ${JSON.stringify(answer)}`);
          const key = keyOf(name, kind, size);
          if (round > 0) figures.set(key, [...(figures.get(key) ?? []), answer.micros]);
        }
  }
  return figures;
}
