/** What is measured of each store, so that all of it is one line of a table. Runs in a browser as well. */
import type { Store } from 'savepoint';
import { chat, makeWalk, review, steps } from './machines.ts';
import { median } from './median.ts';
import { turnsOf } from './turns.ts';
import { answerAll, converse, reopen, takeSteps, type Maker, type Talk } from './work.ts';

const TURNS = 1000;
/** How long a quick store talks again, in milliseconds: one pause for memory takes as long as a hundred of its turns. */
const LONG = 1000;
/** Characters that a turn adds. */
const PAYLOAD = 1000;

/** The figures of one store in one round. */
export interface Line {
  /** Steps a second of one run. */
  readonly W1: number;
  /** Turns a second of a chat. */
  readonly W2: number;
  /** Runs a second that wait for a person and are answered. */
  readonly W4: number;
  /** Steps a second of all runs at once. */
  readonly W5: number;
  /** The same with a durable function. */
  readonly W5durable: number;
  /** Milliseconds to open the chat again. */
  readonly opening: number;
  /** How long the last 100 turns of the chat took, as a multiple of the first 100. */
  readonly growth: number;
  /** What the chat takes in the store, as a multiple of its characters. */
  readonly bytes?: number;
}

/** A place for runs that is new and empty. */
export interface FreshPlace {
  /** A handle on it, for one piece of work, which closes it. */
  open(): Store;
  /** What all of it takes: on the disk, or in the memory of a server that keeps it there. */
  bytes(): Promise<number | undefined>;
}

export async function measureLine(
  maker: Maker & Parameters<typeof makeWalk>[0],
  fresh: () => FreshPlace,
  /** How many runs W4 and W5 have. */
  runs = 1000,
): Promise<Line> {
  // First, in a place where nothing else is: what a browser tells of its room is of all that a site has stored.
  const talks: Talk[] = [];
  const until = performance.now() + LONG;
  let place: FreshPlace;
  do {
    place = fresh();
    talks.push(await converse(maker, place.open(), chat, turnsOf(TURNS)));
  } while (performance.now() < until);
  const opening = await reopen(maker, place.open(), chat, TURNS);
  const stored = await place.bytes();
  const W1 = await takeSteps(maker, fresh().open(), steps, 1, 1000);
  const W4 = await answerAll(maker, fresh().open(), review, runs, (run) => `${run}:review.open`);
  const W5 = await takeSteps(maker, fresh().open(), steps, runs, 20);
  const W5durable = await takeSteps(maker, fresh().open(), makeWalk(maker), runs, 20);
  const W2 = median(talks.map(({ rate }) => rate));
  const growth = median(talks.map((talk) => talk.growth));
  return {
    ...{ W1, W2, W4, W5, W5durable, opening, growth },
    ...(stored !== undefined && { bytes: stored / (TURNS * PAYLOAD) }),
  };
}
