/** The process of a workload: measures it, and says what came of it. */
import { interleaved } from './measure.ts';
import type { Measured } from './measure-apart.ts';
import { loadSubject, type From } from './subject.ts';
import { workloads } from './workloads.ts';

const [name, from, rounds] = process.argv.slice(2) as [string, From, string];
const workload = workloads[name]!.workload(await loadSubject(from));
const measured: Measured = { name: workload.name, samples: await interleaved(Number(rounds), workload) };
process.send!(measured);
process.disconnect();
