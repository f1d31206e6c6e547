/** W2: a chat whose history is in its context. Each turn adds two messages of 500 characters. */
import { createActor } from 'xstate';
import type { Store } from 'savepoint';
import { chat, type Turn } from './machines.ts';
import {
  bytesWritten,
  databaseSize,
  figureOf,
  rateSince,
  ratioOf,
  valuesOf,
  type Sample,
  type Samples,
  type Workload,
} from './measure.ts';
import { newFile } from './new-file.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';
import { byHand, nothing, rawInserts, type Keeper } from './without.ts';

const TURNS = 1000;
const MANY_TURNS = 10_000;
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
  const sample = await talk(turns, (turn) => actor.send(turn));
  keeper.close();
  return sample;
}

async function chatInFile(subject: Subject, turns: number): Promise<Sample> {
  const file = newFile();
  const store = subject.sqliteStore(file, { synchronous: 'normal' });
  return { ...(await chatWithin(subject, store, turns)), stored: databaseSize(file) };
}

async function chatWithin({ createRuntime }: Subject, store: Store, turns: number): Promise<Sample> {
  const runtime = createRuntime({ store, machines: [chat] });
  const run = await runtime.start(chat, { id: 'chat' });
  const sample = await talk(turns, (turn) => run.send(turn));
  const { messages } = run.getSnapshot().context;
  if (messages.length !== 2 * turns || run.seq !== turns + 1) throw new Error('The chat lost a turn.');
  await runtime.close();
  await store.close();
  return sample;
}

async function talk(turns: number, send: (turn: Turn) => unknown): Promise<Sample> {
  const said = turnsOf(turns);
  const before = bytesWritten();
  const since = performance.now();
  const marks = [since];
  for (const [at, turn] of said.entries()) {
    await send(turn);
    if ((at + 1) % 100 === 0) marks.push(performance.now());
  }
  const rate = rateSince(since, turns);
  const hundreds = marks.slice(1).map((mark, at) => mark - marks[at]!);
  return { rate, growth: hundreds.at(-1)! / hundreds[0]!, written: bytesWritten() - before };
}

let texts: Turn[] = [];

/** The first turns of a talk that is the same each time. */
export function turnsOf(count: number): readonly Turn[] {
  if (texts.length === 0)
    texts = Array.from({ length: MANY_TURNS }, () => ({
      type: 'TURN',
      ask: randomText(),
      say: randomText(),
    }));
  return texts.slice(0, count);
}

let seed = 1;

/** 500 printable characters in which there is nothing to compress. */
function randomText(): string {
  const codes = Array.from({ length: 500 }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return 32 + (seed % 94);
  });
  return String.fromCharCode(...codes);
}
