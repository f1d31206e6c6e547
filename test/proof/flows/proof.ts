/**
 * Random workflows of up to 60 nodes come to the same as a run whose processes are killed at random instants and with
 * `createActor()` alone: each node to the same state and result. What their functions did is written down outside:
 * nothing finished is done again.
 *
 * `FLOWS_SEED` makes the graphs of an earlier proof again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareRun, type Came } from '../../support/workflow/bare-run.ts';
import { Calls } from '../../support/workflow/calls.ts';
import { differences } from '../../support/workflow/compare.ts';
import { graphOf } from '../../support/workflow/random-node.ts';
import { bundle, unbundle } from '../bundle.ts';
import type { Proof } from '../proof.ts';
import { SpareProcesses } from '../worker-process.ts';
import {
  checkAttempts,
  checkFinished,
  checkItems,
  checkSteps,
  checkUndone,
  countAgain,
  type Ended,
} from './checks.ts';
import { type Entry, readOutside } from './outside.ts';
import { Round } from './round.ts';
import type { Answer, Given, Order } from './worker.ts';

const NODES = 60;
/** So many flows are in one file, and their process is killed at most so many times. */
const TOGETHER = 8;
const KILLS = 12;

export const proof: Proof = {
  name: 'flows',
  full: 300,
  async run(count, say) {
    const seed = Number(process.env['FLOWS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    say(`the graphs of the seeds from ${seed} on`);
    const faults: string[] = [];
    const total: Total = { flows: 0, nodes: 0, kills: 0, early: 0, failed: 0, calls: 0, again: 0, types: {} };
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 2);
    while (total.flows < count && faults.length === 0) {
      const flows = Array.from({ length: Math.min(TOGETHER, count - total.flows) }, (_, at): Given => {
        const its = seed + total.flows + at;
        return { run: `seed-${its}`, graph: graphOf(its, NODES) };
      });
      const bare = new Map<string, Came>();
      for (const { run, graph } of flows) bare.set(run, await bareRun(graph, new Calls()));
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-flows-'));
      const round = new Round(folder, flows, workers);
      await round.live(KILLS).catch((error: unknown) => faults.push(...round.faults, String(error)));
      for (const flow of faults.length === 0 ? flows : [])
        faults.push(...judge(flow, bare.get(flow.run)!, round, readOutside(folder), total));
      total.flows += flows.length;
      total.kills += round.kills;
      total.early += round.early;
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else faults.push(`What is left is in ${folder}.`);
      say(`${total.flows} flows at their end, ${total.kills} kills`);
    }
    await workers.end();
    unbundle(program);
    // Kills that cut nothing off would prove nothing.
    if (faults.length === 0 && total.again < total.kills)
      faults.push(`only ${total.again} calls were cut off`);
    for (const fault of faults.slice(0, 12)) say(fault);
    return {
      passed: faults.length === 0,
      figure: faults.length > 0 ? `${faults.length} faults: ${faults[0]}` : describe(seed, total),
    };
  },
};

interface Total {
  flows: number;
  nodes: number;
  kills: number;
  early: number;
  failed: number;
  calls: number;
  again: number;
  readonly types: Record<string, number>;
}

/** Gives what is not as it must be of a flow at its end, and counts what was seen. */
function judge(
  { run, graph }: Given,
  bare: Came,
  { left }: Round,
  all: readonly Entry[],
  total: Total,
): readonly string[] {
  const entries = all.filter((entry) => entry.run === run);
  const { status, states } = left.at(-1)!.get(run)!;
  const came = { failed: status === 'failed', states };
  const ended: Ended = { graph, entries, left: left.map((stored) => stored.get(run)?.states) };
  if (came.failed) total.failed++;
  total.calls += entries.filter(({ at }) => at === 'begin').length;
  total.again += countAgain(entries);
  for (const { type } of Object.values(states)) {
    total.nodes++;
    total.types[type] = (total.types[type] ?? 0) + 1;
  }
  const found = [
    ...differences(graph, bare, came),
    ...[checkFinished, checkSteps, checkItems, checkAttempts].flatMap((check) => check(ended)),
    ...checkUndone(ended, came.failed),
  ];
  return found.map((fault) => `${run}: ${fault}`);
}

function describe(seed: number, { flows, nodes, kills, early, failed, calls, again, types }: Total): string {
  const kinds = Object.entries(types).map(([type, times]) => `${times} ${type}`);
  return (
    `${flows} flows of the seeds from ${seed} on (${failed} failed, and were undone), ${nodes} nodes ` +
    `(${kinds.join(', ')}) as in bare XState; ${kills} kills (${early} at opening), ${calls} calls, ` +
    `${again} again that a kill cut off, none after it was finished`
  );
}
