/** W2: a chat whose history is in its context. Each turn adds two messages of 500 characters. */
import { createActor } from 'xstate';
import type { Store } from 'savepoint';
import { chat } from './machines.ts';
import {
  bytesWritten,
  databaseSize,
  figureOf,
  ratioOf,
  valuesOf,
  type Sample,
  type Samples,
  type Workload,
} from './measure.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';
import { MANY_TURNS, turnsOf } from './turns.ts';
import { converse, talk, type Talk } from './work.ts';
import { byHand, nothing, rawInserts, type Keeper } from './without.ts';

const TURNS = 1000;
/** Characters that a turn adds. */
const PAYLOAD = 1000;

const HAND = 'XState by hand, NORMAL';
const NORMAL = 'savepoint, SQLite NORMAL';

export function shortChat(subject: Subject): Workload {
  const { sqliteStore, memoryStore } = subject;
  return {
    name: 'W2: 1,000 chat turns',
    contenders: {
      'bare machine': () => chatWithout(nothing, TURNS),
      'bare machine, one raw 200-byte INSERT a turn': () => chatWithout(rawInserts(newFile()), TURNS),
      [HAND]: () => chatWithout(byHand(newFile()), TURNS),
      [NORMAL]: () => chatInFile(subject, TURNS),
      'savepoint, SQLite FULL': () => chatWithin(subject, sqliteStore(newFile()), TURNS),
      'savepoint, memory': () => chatWithin(subject, memoryStore(), TURNS),
    },
  };
}

/** By hand would take minutes. */
export function longChat(subject: Subject): Workload {
  return {
    name: 'W2: 10,000 chat turns',
    contenders: {
      'bare machine': () => chatWithout(nothing, MANY_TURNS),
      [NORMAL]: () => chatInFile(subject, MANY_TURNS),
    },
  };
}

export function judgeShortChat(samples: Samples, report: Report): void {
  const ours = (what: keyof Sample): number[] => valuesOf(samples[NORMAL], what);
  report.bar('W2 NORMAL, of by hand', ratioOf(ours('rate'), valuesOf(samples[HAND], 'rate')), { least: 25 });
  report.bar('W2 last / first 100 of 1,000 turns', figureOf(ours('growth')), { most: 1.3 });
  const stored = ours('stored').map((bytes) => bytes / (TURNS * PAYLOAD));
  report.bar('W2 closed database, of its payload', figureOf(stored), { most: 5 });
}

export function judgeLongChat(samples: Samples, report: Report): void {
  const growth = figureOf(valuesOf(samples[NORMAL], 'growth'));
  report.bar('W2 last / first 100 of 10,000 turns', growth, { most: 1.5 });
}

async function chatWithout(keeper: Keeper, turns: number): Promise<Sample> {
  const actor = createActor(chat);
  keeper.keep('chat', actor);
  actor.start();
  const said = turnsOf(turns);
  const sample = await written(() => talk(said, (turn) => actor.send(turn)));
  keeper.close();
  return sample;
}

async function chatInFile(subject: Subject, turns: number): Promise<Sample> {
  const file = newFile();
  const store = subject.sqliteStore(file, { synchronous: 'normal' });
  return { ...(await chatWithin(subject, store, turns)), stored: databaseSize(file) };
}

async function chatWithin(subject: Subject, store: Store, turns: number): Promise<Sample> {
  const said = turnsOf(turns);
  return written(() => converse(subject, store, chat, said));
}

async function written(talking: () => Promise<Talk>): Promise<Sample> {
  const before = bytesWritten();
  return { ...(await talking()), written: bytesWritten() - before };
}
