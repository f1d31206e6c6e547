/** W4: runs that wait for a person and are answered. All start, then all are answered. */
import { createActor } from 'xstate';
import type { Store } from 'savepoint';
import { makeRequest, review } from './machines.ts';
import { ratioOf, valuesOf, type Sample, type Samples, type Workload } from './measure.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';
import { answerAll, idsOf, rateSince } from './work.ts';
import { byHand, nothing, type Keeper } from './without.ts';

const RUNS = 1000;
const HAND = 'XState by hand, NORMAL';
const NORMAL = 'savepoint, SQLite NORMAL';

const ids = idsOf(RUNS);
const decision = { approved: true };

export function waitingRuns(subject: Subject): Workload {
  const { sqliteStore, memoryStore } = subject;
  const normal = (): Store => sqliteStore(newFile(), { synchronous: 'normal' });
  const ofState = (id: string): string => `${id}:review.open`;
  const ofActor = (id: string): string => `${id}/ask`;
  const request = makeRequest(subject);
  const answer = async (
    store: Store,
    machine: typeof review | typeof request,
    questionOf: (run: string) => string,
  ): Promise<Sample> => ({ rate: await answerAll(subject, store, machine, RUNS, questionOf) });
  return {
    name: 'W4: 1,000 runs that wait for a person',
    contenders: {
      'bare machine': async () => answerWithout(nothing),
      // It keeps no question, no answer and no name.
      [HAND]: async () => answerWithout(byHand(newFile())),
      [NORMAL]: () => answer(normal(), review, ofState),
      'savepoint with inputRequest, SQLite NORMAL': () => answer(normal(), request, ofActor),
      'savepoint, SQLite FULL': () => answer(sqliteStore(newFile()), review, ofState),
      'savepoint, memory': () => answer(memoryStore(), review, ofState),
    },
  };
}

export function judgeWaitingRuns(samples: Samples, report: Report): void {
  const rate = (who: string): number[] => valuesOf(samples[who], 'rate');
  report.bar('W4 NORMAL, of by hand', ratioOf(rate(NORMAL), rate(HAND)), { least: 0.9 });
}

function answerWithout(keeper: Keeper): Sample {
  const since = performance.now();
  const actors = ids.map((id) => {
    const actor = createActor(review);
    keeper.keep(id, actor);
    return actor.start();
  });
  for (const actor of actors) actor.send({ type: 'DECIDED', value: decision });
  const rate = rateSince(since, RUNS);
  checkAll(actors.map((actor) => actor.getSnapshot().output));
  keeper.close();
  return { rate };
}

function checkAll(outputs: readonly (boolean | undefined)[]): void {
  if (!outputs.every((output) => output === true)) throw new Error('An answer came to nothing.');
}
