/** Measures DBOS in a process of its own; started by dbos.ts. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkAll, idsOf, rateSince } from './work.ts';

const RUNS = 1000;
const STEPS = 20;

/** As far as it is used here. */
interface Dbos {
  setConfig(config: { name: string; systemDatabaseUrl: string; logLevel: string }): void;
  registerWorkflow(
    work: (steps: number) => Promise<number>,
    options: { name: string },
  ): (steps: number) => Promise<number>;
  runStep(step: () => Promise<number>, options: { name: string }): Promise<number>;
  startWorkflow(
    workflow: (steps: number) => Promise<number>,
    options: { workflowID: string },
  ): (steps: number) => Promise<{ getResult(): Promise<number> }>;
  launch(): Promise<void>;
}

const [folder = '', url = ''] = process.argv.slice(2);
const { DBOS } = createRequire(join(folder, 'package.json'))('@dbos-inc/dbos-sdk') as { readonly DBOS: Dbos };
const database = new URL(url);
database.pathname = '/dbos_bench';
DBOS.setConfig({ name: 'bench', systemDatabaseUrl: database.href, logLevel: 'error' });
const walk = DBOS.registerWorkflow(
  async (steps) => {
    let sum = 0;
    for (let n = 1; n <= steps; n++) sum += await DBOS.runStep(async () => 1, { name: `step ${n}` });
    return sum;
  },
  { name: 'walk' },
);
await DBOS.launch();
// The first warms up.
for (const round of [0, 1]) {
  const since = performance.now();
  const sums = await Promise.all(
    idsOf(RUNS).map(async (id) => {
      const handle = await DBOS.startWorkflow(walk, { workflowID: `${process.pid}-${round}-${id}` })(STEPS);
      return handle.getResult();
    }),
  );
  const rate = rateSince(since, RUNS * STEPS);
  checkAll(sums, STEPS);
  if (round === 1) process.send!(rate, () => process.exit());
}
