/**
 * Each workload in a process of its own: a heap that another made large, and code that V8 compiled for another's objects,
 * weigh on whoever comes next.
 */
import { inProcess } from './in-process.ts';
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
    const script = new URL('workload-child.ts', import.meta.url);
    const measured = await inProcess<Measured>(script, [name, from, `${rounds}`]);
    report.table(measured.name, measured.samples);
    judge(measured.samples, report);
  }
}
