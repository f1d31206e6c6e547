/**
 * `npm run bench`: the figures, each measured beside the bare machine and XState by hand.
 *
 * - `--json <file>` writes them there as well;
 * - `--rounds <n>`: 5 unless told otherwise;
 * - `--stores` measures instead what each store costs, beside each other;
 * - `--million` measures instead what a million suspended runs cost: it takes minutes to make them; `--runs <n>` makes
 *   so many;
 * - `--flows` measures flows alone, beside other systems, which it installs in a folder of their own;
 * - `--agents` measures agents alone, beside other systems as well;
 * - `--source` measures the source in place of the package as it is built.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Store } from 'savepoint';
import { measureAgents } from './agents/agents.ts';
import { measureAgentChat } from './agents/chat.ts';
import { measureFlows } from './flows/flows.ts';
import { measureListing } from './listing.ts';
import { measureMap } from './map.ts';
import { measureApart } from './measure-apart.ts';
import { measureMemory } from './memory.ts';
import { measureMillion, measureMillionOnPostgres } from './million.ts';
import { newFile } from './new-file.ts';
import { measureOpening } from './opening.ts';
import { Report } from './report.ts';
import { measureStores } from './stores.ts';
import { buildSubject, loadSubject } from './subject.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    source: { type: 'boolean', default: false },
    million: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1000000' },
    stores: { type: 'boolean', default: false },
    flows: { type: 'boolean', default: false },
    agents: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const from = values.source ? 'source' : 'build';

if (from === 'build') await buildSubject();
const subject = await loadSubject(from);
const report = new Report(from, rounds);
console.log(
  `Savepoint from its ${from}, Node ${process.version}; medians of ${rounds} rounds, one warm-up before`,
);

if (values.million) {
  const count = Number(values.runs);
  const sqlite = (): Store => subject.sqliteStore(newFile(), { synchronous: 'normal' });
  await measureMillion(subject, rounds, report, 'SQLite', sqlite, count);
  await measureMillionOnPostgres(subject, rounds, report, count);
  finish();
}

if (values.stores) {
  await measureStores(subject, rounds, report);
  finish();
}

if (values.flows) {
  await measureFlows(from, rounds, report);
  await measureMap(subject, rounds, report);
  finish();
}

if (values.agents) {
  await measureAgentChat(subject, rounds, report);
  await measureAgents(from, rounds, report);
  finish();
}

console.log('Each workload in a process of its own; of each round the quickest go');
await measureApart(from, rounds, report);
await measureOpening(subject, rounds, report);
await measureListing(subject, rounds, report);
await measureMemory(from, report);
await measureFlows(from, rounds, report);
await measureMap(subject, rounds, report);
await measureAgentChat(subject, rounds, report);
await measureAgents(from, rounds, report);

finish();

function finish(): never {
  const isWell = report.end();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  process.exit(isWell ? 0 : 1);
}
