/**
 * Each workload in a process of its own: a heap that another made large, and code that V8 compiled for another's objects,
 * weigh on whoever comes next.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Samples } from './measure.ts';
import type { Report } from './report.ts';
import type { From } from './subject.ts';
import { workloads } from './workloads.ts';

/** What the process of a workload says. */
export interface Measured {
  readonly name: string;
  readonly samples: Samples;
}

/** Measures all of them, one after another. */
export async function measureApart(from: From, rounds: number, report: Report): Promise<void> {
  for (const [name, { judge }] of Object.entries(workloads)) {
    const measured = await inProcess(name, from, rounds);
    report.table(measured.name, measured.samples);
    judge(measured.samples, report);
  }
}

async function inProcess(name: string, from: From, rounds: number): Promise<Measured> {
  // With the flags of this one.
  const child = fork(fileURLToPath(new URL('workload-child.ts', import.meta.url)), [name, from, `${rounds}`]);
  const ended = once(child, 'exit');
  const [measured] = (await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`Measuring ${name} ended with ${code}.`))),
  ])) as [Measured];
  // It clears away its files first, which whoever comes next would have to wait for.
  await ended;
  return measured;
}
