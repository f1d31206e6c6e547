/** What 10,000 open runs at rest keep in memory, beside as many bare actors, each in a process of its own. */
import { inProcess } from './in-process.ts';
import { figureOf } from './measure.ts';
import type { Kept } from './memory-child.ts';
import type { Report } from './report.ts';
import type { From } from './subject.ts';

const NAME = 'Memory: 10,000 runs at rest, bytes a run';

export async function measureMemory(from: From, report: Report): Promise<void> {
  console.log(`\n${NAME}`);
  const bare = await measure('bare', from);
  const ours = await measure('savepoint', from);
  const note = (what: string, bytes: number): void => report.note(NAME, what, figureOf([bytes]), ' B');
  note('bare actors, started', bare.started);
  note('bare actors, restored', bare.restored);
  note('savepoint, started', ours.started);
  note('savepoint, opened', ours.restored);
  note('savepoint, released', ours.released);
  const ratio = (what: 'started' | 'restored') => figureOf([ours[what] / bare[what]]);
  report.bar('memory of a started run, of its bare actor', ratio('started'), { most: 2 });
  report.bar('memory of an opened run, of its bare actor', ratio('restored'), { most: 2 });
  // Nothing; what is measured is what the engine keeps, more or less of it each time.
  report.bar('memory after release(), of a started run', figureOf([ours.released / ours.started]), {
    most: 0.01,
  });
}

const measure = (contender: 'bare' | 'savepoint', from: From): Promise<Kept> =>
  inProcess(
    new URL('memory-child.ts', import.meta.url),
    [contender, from],
    ['--expose-gc', '--import', import.meta.resolve('tsx')],
  );
