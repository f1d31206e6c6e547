/**
 * Two processes and one file: the second is refused while the first is there, is in as soon as the first
 * was killed, and a first that was stopped and taken for dead can do no harm when it wakes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { bundle, unbundle } from '../bundle.ts';
import { openLedger, readLedger } from '../ledger.ts';
import { SpareProcesses, type WorkerProcess } from '../worker-process.ts';
import type { Proof } from '../proof.ts';
import type { Answer, Order, Place } from './worker.ts';

type Kiosk = WorkerProcess<Order, Answer>;

/** Where the first process is when it is stopped: it alone knows, or anywhere. */
const moments = ['turn', 'effect', 'anywhere'] as const;
type Moment = (typeof moments)[number];

const patience = 60_000;
/** What "at once" is, in milliseconds, on a machine that is busy with other things. */
const atOnce = 1000;

interface Figures {
  kills: number;
  stops: number;
  /** Of them, in the middle of a write at first. */
  inWrite: number;
  /** How long a refusal took at most, and how long it took to be in after a kill, in milliseconds. */
  refusal: number;
  readonly takeovers: number[];
  fenced: number;
}

export const proof: Proof = {
  name: 'two-processes',
  full: 60,
  async run(count, say) {
    const program = await bundle(new URL('worker.ts', import.meta.url));
    const workers = new SpareProcesses<Order, Answer>(program, 2);
    const figures: Figures = { kills: 0, stops: 0, inWrite: 0, refusal: 0, takeovers: [], fenced: 0 };
    const faults: string[] = [];
    for (let n = 0; n < count && faults.length === 0; n++) {
      const folder = mkdtempSync(join(tmpdir(), 'savepoint-two-'));
      const pair = [await workers.take(), await workers.take()] as const;
      const moment = moments[n % (moments.length + 1)];
      try {
        if (moment) faults.push(...(await stopped(folder, pair, moment, figures)));
        else faults.push(...(await killed(folder, pair, figures)));
      } catch (error) {
        faults.push(String(error));
      }
      await Promise.all(pair.map((one) => one.kill()));
      if (faults.length === 0) rmSync(folder, { recursive: true });
      else faults.push(`What is left of the first process ${moment ?? 'killed'} is in ${folder}.`);
    }
    await workers.end();
    unbundle(program);
    for (const fault of faults.slice(0, 12)) say(fault);
    const { kills, stops, inWrite, refusal, takeovers, fenced } = figures;
    const middle = takeovers.toSorted((a, b) => a - b)[takeovers.length >> 1] ?? 0;
    return {
      passed: faults.length === 0,
      figure:
        faults[0] ??
        `${kills + stops} times refused, within ${refusal.toFixed(1)} ms; ${kills} kills, in after ${middle.toFixed(0)} ms ` +
          `(at most ${Math.max(0, ...takeovers).toFixed(0)}; lease 15,000); ${stops} woken after their lease was taken ` +
          `(${inWrite} times stopped inside a write at first): 0 commits, 0 effects, ${fenced} sends fenced`,
    };
  },
};

/** The first is there, then it is killed: no lease is waited for. */
async function killed(
  folder: string,
  [first, second]: readonly [Kiosk, Kiosk],
  figures: Figures,
): Promise<string[]> {
  const lease = 15_000;
  await prepare(first, { folder, who: 'A', lease, fetching: 150 });
  await prepare(second, { folder, who: 'B', lease, fetching: 10 });
  await ask(first, { open: { wait: 0 } }, 'opened');
  const served = await ask(first, { serve: 3 }, 'served');
  const faults = await refused(first, second, lease, figures);
  const killed = performance.now();
  await first.kill();
  const seq = await ask(second, { open: { wait: 0 } }, 'opened');
  const ms = performance.now() - killed;
  figures.kills++;
  figures.takeovers.push(ms);
  if (ms > atOnce) faults.push(`it was in only ${ms.toFixed(0)} ms after the kill`);
  if (served.at(-1) !== seq) faults.push(`${served.join(', ')} were acknowledged, and the run is at ${seq}`);
  return faults;
}

/** The first is stopped, its lease ends, the second takes the run, and the first wakes. */
async function stopped(
  folder: string,
  [first, second]: readonly [Kiosk, Kiosk],
  moment: Moment,
  figures: Figures,
): Promise<string[]> {
  const lease = 300;
  await prepare(first, { folder, who: 'A', lease, fetching: 250 });
  await prepare(second, { folder, who: 'B', lease, fetching: 10 });
  await ask(first, { open: { wait: 0 } }, 'opened');
  await ask(first, { serve: 3 }, 'served');
  const faults = await refused(first, second, lease, figures);
  // A promise is under way in the first when it stops.
  await ask(first, { fetch: true }, 'fetching');
  const flood = ask(first, moment === 'anywhere' ? { flood: true } : { freeze: moment }, 'served');
  if (moment === 'anywhere') {
    await sleep(20 + Math.random() * 60);
    first.signal('SIGSTOP');
  }
  // It is in when the lease ends, and no sooner: the process is there.
  let moved = false;
  let taken = await ask(second, { open: { wait: 5000 } }, 'opened');
  // Stopped in the middle of a write, it has the whole file locked, and no lease helps: on to another instant.
  for (; taken === 'busy'; taken = await ask(second, { open: { wait: 5000 } }, 'opened')) {
    if (!moved) figures.inWrite++;
    moved = true;
    first.signal('SIGCONT');
    await sleep(5 + Math.random() * 20);
    first.signal('SIGSTOP');
  }
  openLedger(join(folder, 'ledger'), 0)('taken', 0, taken);
  const sent = [...(await ask(second, { serve: 3 }, 'served'))];
  first.signal('SIGCONT');
  const woken = await flood;
  const next = await ask(first, { serve: 1 }, 'served');
  sent.push(...(await ask(second, { serve: 3 }, 'served')));
  // By now its promise has its outcome, and its timers have run.
  await sleep(300);
  const end = await ask(second, { end: true }, 'ended');
  figures.stops++;
  figures.fenced += [...woken, ...next].filter((one) => one === 'FencedError').length;

  const expect = (holds: boolean, fault: string): void =>
    void (holds || faults.push(`stopped (${moment}): ${fault}`));
  expect(next[0] === 'FencedError', `its next send ended with ${next.join(', ')}`);
  if (moment === 'turn')
    expect(
      woken.every((one) => one === 'FencedError'),
      `its sends ended with ${woken.join(', ')}`,
    );
  for (const one of woken)
    expect(
      one === 'FencedError' || (typeof one === 'number' && one <= taken),
      `a send ended with ${one}; the run was taken at ${taken}`,
    );
  expect(
    sent.every((one, i) => i === 0 || Number(one) > Number(sent[i - 1])),
    `the second's sends ended with ${sent.join(', ')}`,
  );
  // Moved on, it may have had the outcome itself, and stored it in time.
  const fetcher = end.fetched.join();
  expect(
    fetcher === 'B' || (moved && fetcher === 'A'),
    `the outcome of the promise was stored by ${fetcher || 'nobody'}`,
  );
  const turns = fetcher === 'B' ? 7 : 6;
  expect(end.seq === taken + turns, `${end.seq - taken} turns after it was taken, not ${turns}`);
  faults.push(...(await foreignTurns(folder, taken)));
  const ledger = readLedger(join(folder, 'ledger'));
  const late = ledger
    .slice(ledger.findIndex(({ what }) => what === 'taken'))
    .filter(({ what }) => what.endsWith(':A'));
  // Stopped anywhere, it may have been in the middle of an action: that one was released in time.
  expect(
    late.length <= (moment === 'anywhere' ? 1 : 0),
    `${late.length} effects were released after it was taken: ${late.map(({ what, n }) => `${what} ${n}`).join(', ')}`,
  );
  const effects = ledger.filter(({ what }) => what === 'greet:A' || what === 'thank:A').length;
  if (moment === 'turn') expect(effects === 6, `${effects} effects of 3 turns`);
  if (moment === 'effect') expect(effects === 7, `${effects} effects, where 7 could be released`);
  // The first is told who has it now.
  const { holder } = await ask(first, { open: { wait: 0 } }, 'locked');
  expect(holder.includes(String(second.pid)), `the run is said to be held by ${holder}`);
  return faults;
}

/** The second asks while the first is there. */
async function refused(first: Kiosk, second: Kiosk, lease: number, figures: Figures): Promise<string[]> {
  const { holder, until, ms } = await ask(second, { open: { wait: 0 } }, 'locked');
  figures.refusal = Math.max(figures.refusal, ms);
  const left = until - Date.now();
  const faults: string[] = [];
  if (holder !== `process ${first.pid} on ${hostname()}`)
    faults.push(`the run is said to be held by ${holder}`);
  if (left > lease || left < -atOnce) faults.push(`its lease of ${lease} ms is said to end in ${left} ms`);
  if (ms > atOnce) faults.push(`it was refused only after ${ms.toFixed(0)} ms`);
  return faults;
}

/** Turns of the first after the second took the run; and gaps. */
async function foreignTurns(folder: string, taken: number): Promise<string[]> {
  const store = sqliteStore(join(folder, 'kiosk.db'));
  const runtime = createRuntime({ store });
  const faults: string[] = [];
  let last = 0;
  for await (const { seq, cause } of runtime.history('corner')) {
    if (seq !== ++last) faults.push(`seq ${last} is missing in the history`);
    if (seq > taken && cause.type === 'event' && cause.by !== 'B')
      faults.push(`turn ${seq} is of ${cause.by}; the run was taken at ${taken}`);
  }
  await runtime.close();
  await store.close();
  return faults;
}

async function prepare(kiosk: Kiosk, place: Place): Promise<void> {
  await ask(kiosk, { prepare: place }, 'prepared');
}

type Answers = { [K in Answer as keyof K]: K[keyof K] };

/** Gives an order, and waits for the answer of that name. */
function ask<TName extends keyof Answers>(kiosk: Kiosk, order: Order, name: TName): Promise<Answers[TName]> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(order)}`)), patience);
    kiosk.onAnswer = (answer) => {
      clearTimeout(limit);
      const { [name]: found } = answer as Partial<Answers>;
      if (found !== undefined) resolve(found);
      else reject(new Error(`${JSON.stringify(order)} was answered with ${JSON.stringify(answer)}`));
    };
    kiosk.tell(order);
  });
}
