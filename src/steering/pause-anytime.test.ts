/** Pauses at random instants, over restarts and crashes: nothing starts meanwhile, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import { makeJobs, type JobsContext } from '../../test/support/jobs.ts';
import { randomFrom } from '../../test/support/random.ts';
import { mortalStore, type MortalStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { createRuntime, type Runtime, type Store } from '../index.ts';

const PAUSES = 60;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What happened outside, in order. */
function outsideOf(random: () => number) {
  const starts = new Map<string, number[]>();
  const faults: string[] = [];
  let life = 0;
  let isPaused = false;
  const start = (key: string): void => {
    if (isPaused) faults.push(`${key} started while paused`);
    const lives = starts.get(key) ?? [];
    if (lives.includes(life)) faults.push(`${key} started twice in one life`);
    starts.set(key, [...lives, life]);
  };
  return {
    starts,
    faults,
    report: (n: number) => start(`report ${n}`),
    step: async (n: number, name: 'a' | 'b') => {
      start(`${name} ${n}`);
      await sleep(random() * 8);
    },
    paused: (now: boolean) => void (isPaused = now),
    nextLife: () => void life++,
  };
}

async function pauseAtRandom(store: Store, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const outside = outsideOf(random);
  const jobs = makeJobs(outside);
  const pick = (n: number): number => Math.floor(random() * n);
  const open = (behind: Store): Runtime =>
    createRuntime({
      store: behind,
      machines: [jobs],
      logger: () => {},
      limits: { poll: 5, lease: 200, recoveries: 1000 },
    });
  let mortal: MortalStore = mortalStore(store);
  let runtime = open(mortal);
  const stranger = createRuntime({ store, logger: () => {}, limits: { poll: 5 } });
  let run = await runtime.start(jobs, { id: 'r' });
  let sent = 0;
  const send = async (): Promise<void> => {
    for (let count = pick(3); count > 0; count--) {
      const event = { type: 'JOB', n: ++sent } as const;
      const how = pick(3);
      // In order, whichever way they take.
      if (how === 0) await stranger.send('r', event);
      else await run.send(event, how === 1 ? { id: `job-${sent}` } : {});
      if (how === 0)
        await expect.poll(() => isTaken(store, run.status === 'paused'), { timeout: 20_000 }).toBe(true);
    }
  };
  const restart = async (): Promise<void> => {
    const isKilled = pick(2) === 0;
    if (isKilled) mortal.die();
    else await runtime.close({ grace: 0 });
    outside.nextLife();
    mortal = mortalStore(store);
    runtime = open(mortal);
    run = await runtime.open(jobs, 'r', { wait: 20_000 });
  };
  for (let pauses = 0; pauses < PAUSES; pauses++) {
    await send();
    await sleep(random() * 12);
    if (pick(5) === 0) await restart();
    await (pick(2) === 0 ? runtime : stranger).pause('r');
    outside.paused(true);
    const { seq } = await stranger.get('r');
    await send();
    await sleep(random() * 12);
    if (pick(3) === 0) await restart();
    await sleep(random() * 12);
    expect(await stranger.get('r')).toMatchObject({ status: 'paused', seq });
    outside.paused(false);
    await (pick(2) === 0 ? runtime : stranger).resume('r');
  }
  const all = Array.from({ length: sent }, (_, at) => at + 1);
  const context = (): JobsContext => run.getSnapshot().context;
  await expect.poll(() => context().done.length + context().rang.length, { timeout: 20_000 }).toBe(2 * sent);
  expect(outside.faults).toEqual([]);
  expect(context().seen).toEqual(all);
  expect(context().done.toSorted((a, b) => a - b)).toEqual(all);
  expect(context().rang.toSorted((a, b) => a - b)).toEqual(all);
  for (const n of all)
    for (const what of ['a', 'b', 'report']) expect(outside.starts.has(`${what} ${n}`)).toBe(true);
  await runtime.close();
}

/** Messages that wait for a run that is not paused are on their way. */
const isTaken = async (store: Store, isPaused: boolean): Promise<boolean> =>
  isPaused || (await store.rows('r', 'inbox', { limit: 1 })).length === 0;

describe.each(stores)('a run that is paused at any time, on %s', (_, make) => {
  it.each([1, 2])(
    'starts nothing meanwhile, and loses nothing (seed %i)',
    (seed) => pauseAtRandom(make(), seed),
    120_000,
  );
});
