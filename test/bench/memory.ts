/** What 10,000 open runs at rest keep in memory, beside as many bare actors, each in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { figureOf } from './measure.ts';
import type { Kept } from './memory-child.ts';
import type { Report } from './report.ts';
import type { From } from './subject.ts';

const NAME = 'Memory: 10,000 runs at rest, bytes a run';

export async function measureMemory(from: From, report: Report): Promise<void> {
  console.log(`\n${NAME}`);
  const bare = await inProcess('bare', from);
  const ours = await inProcess('savepoint', from);
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

async function inProcess(contender: 'bare' | 'savepoint', from: From): Promise<Kept> {
  const child = fork(fileURLToPath(new URL('memory-child.ts', import.meta.url)), [contender, from], {
    execArgv: ['--expose-gc', '--import', import.meta.resolve('tsx')],
  });
  const [kept] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`Measuring memory ended with ${code}.`))),
  ])) as [Kept];
  return kept;
}
