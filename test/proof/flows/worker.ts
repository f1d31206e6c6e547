/** The process that is killed: it has flows, takes them on, and answers what they ask. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Run } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { Calls } from '../../support/workflow/calls.ts';
import { attendRun } from '../../support/workflow/people.ts';
import type { RandomGraph } from '../../support/workflow/random-node.ts';
import { randomWorkflow } from '../../support/workflow/random-workflow.ts';
import type { Loaded } from '../worker-process.ts';
import { openOutside, readOutside } from './outside.ts';

/** A flow: the id of its run, and what it is made from. */
export interface Given {
  readonly run: string;
  readonly graph: RandomGraph;
}

export interface Order {
  readonly folder: string;
  /** Which process this is, counted from 1. */
  readonly life: number;
  readonly flows: readonly Given[];
}

export type Answer = { readonly opened: true } | { readonly ended: true } | { readonly fault: string };

const tell = (answer: Answer, then = (): void => {}): void => void process.send?.(answer, then);
const fault = (error: unknown): void =>
  tell({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => void live(order).catch(fault));

async function live({ folder, life, flows }: Order): Promise<void> {
  const store = sqliteStore(join(folder, 'flows.db'));
  const runtime = createRuntime({ store, limits: { recoveries: 1000 }, logger: () => {} });
  const write = openOutside(folder, life);
  const before = readOutside(folder);
  const opened = flows.map(async ({ run: id, graph }) => {
    const its = before.filter(({ run }) => run === id);
    const calls = new Calls(its, (call) => write(id, call));
    const run = await runtime.ensure(randomWorkflow(graph, calls), { id, input: undefined });
    return { graph, run };
  });
  const ends = opened.map(async (flow) => attend(await flow));
  await Promise.all(opened);
  tell({ opened: true });
  await Promise.all(ends);
  await runtime.close();
  await store.close();
  tell({ ended: true }, () => process.exit());
}

async function attend({ graph, run }: { readonly graph: RandomGraph; readonly run: Run }): Promise<void> {
  while (run.status !== 'done' && run.status !== 'failed') {
    if (run.status === 'quarantined') throw new Error(`${run.id} was quarantined`);
    await attendRun(graph, run);
    await sleep(2);
  }
}

process.send?.({ loaded: true } satisfies Loaded);
