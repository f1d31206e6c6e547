/**
 * `npm run bench`: the figures, each measured beside the bare machine and XState by hand.
 *
 * - `--json <file>` writes them there as well;
 * - `--rounds <n>`: 5 unless told otherwise;
 * - `--source` measures the source in place of the package as it is built.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureChat } from './chat.ts';
import { measureMemory } from './memory.ts';
import { measureOpening } from './opening.ts';
import { Report } from './report.ts';
import { measureManyRuns, measureOneRun } from './steps.ts';
import { buildSubject, loadSubject } from './subject.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    source: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const from = values.source ? 'source' : 'build';

if (from === 'build') await buildSubject();
const report = new Report(from, rounds);
const workload = { subject: await loadSubject(from), rounds, report };
console.log(
  `Savepoint from its ${from}, Node ${process.version}; medians of ${rounds} rounds, one warm-up before`,
);

await measureOneRun(workload);
await measureManyRuns(workload);
await measureChat(workload);
await measureOpening(workload);
await measureMemory(workload, from);

if (!report.end()) process.exitCode = 1;
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
