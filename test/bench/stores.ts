/** What each store costs, in one table. Each is as durable as it is by default. */
import { measureDbos } from './dbos.ts';
import type { Line } from './line.ts';
import { figureOf, ratioOf, type Figure } from './measure.ts';
import type { Report } from './report.ts';
import { openShelves } from './shelves.ts';
import type { Subject } from './subject.ts';

const NAME = 'Stores: W1, W2, W4 and W5 a second, opening in ms, growth and bytes of W2';
const columns: readonly (keyof Line)[] = ['W1', 'W2', 'W4', 'W5', 'W5durable', 'opening', 'growth', 'bytes'];

export async function measureStores(subject: Subject, rounds: number, report: Report): Promise<void> {
  const shelves = await openShelves(subject);
  const lines = new Map(shelves.map(({ name }) => [name, [] as Line[]]));
  const server = shelves.find(({ url }) => url !== undefined);
  const dbos: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'Warming up …' : `Round ${round} of ${rounds} …`);
    for (const { name, measure } of shelves) {
      const line = await measure();
      console.error(
        `  ${name}: ${columns.map((column) => `${column} ${line[column]?.toFixed(2)}`).join(', ')}`,
      );
      // The first warms up.
      if (round > 0) lines.get(name)!.push(line);
    }
    const rate = server?.url === undefined ? undefined : await measureDbos(server.url);
    if (rate !== undefined) console.error(`  DBOS: W5 ${rate.toFixed(0)}`);
    if (round > 0 && rate !== undefined) dbos.push(rate);
  }
  for (const { end } of shelves) await end?.();

  const figures = [...lines].map(([name, list]) => [name, figuresOf(list)] as const);
  report.grid(NAME, columns, Object.fromEntries(figures));
  for (const [name, { growth, bytes }] of figures) {
    report.bar(`${name}: last / first 100 of 1,000 turns`, growth!, { most: 1.3 });
    if (bytes) report.bar(`${name}: 1,000 turns stored, of their payload`, bytes, { most: 5 });
  }
  if (dbos.length === 0 || server === undefined) return;
  report.note(NAME, `W5 of DBOS on the same ${server.name}`, figureOf(dbos), '/s');
  const ours = lines.get(server.name)!.map(({ W5 }) => W5);
  report.bar(`${server.name}: W5, of DBOS`, ratioOf(ours, dbos), { least: 1 });
}

/** Of each column that all lines have. */
function figuresOf(lines: readonly Line[]): Partial<Record<keyof Line, Figure>> {
  const all = columns.map((column) => [column, lines.map((line) => line[column] ?? Number.NaN)] as const);
  const known = all.filter(([, values]) => !values.some(Number.isNaN));
  return Object.fromEntries(known.map(([column, values]) => [column, figureOf(values)]));
}
