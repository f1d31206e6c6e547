/**
 * Delays: `after` survives, at any length, and a policy says what a delay does while nobody has the run open.
 *
 * The time is simulated (XState's `SimulatedClock`), so months pass in a moment. Prints when a trial of 60 days
 * ends (a timer of Node or a browser holds 24.8 days at most), and when a reminder of 10 minutes comes under each
 * policy if the program is gone from minute 4 to minute 30.
 */
import { createRuntime, type DelayPolicy } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { setup, SimulatedClock } from 'xstate';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const trial = setup({}).createMachine({
  id: 'trial',
  initial: 'running',
  states: {
    running: { after: { [60 * DAY]: 'over' } },
    over: { type: 'final' },
  },
});

const reminder = setup({}).createMachine({
  id: 'reminder',
  initial: 'waiting',
  states: {
    waiting: { after: { [10 * MINUTE]: 'reminded' } },
    reminded: { type: 'final' },
  },
});

/** The day on which the trial is over. */
async function endOfTrial(): Promise<number> {
  const clock = new SimulatedClock();
  const runtime = createRuntime({ store: memoryStore(), clock });
  const run = await runtime.start(trial, { id: 'trial-1' });
  while (clock.now() < 90 * DAY && run.status !== 'done') {
    clock.increment(DAY);
    await run.flush();
  }
  await runtime.close();
  return clock.now() / DAY;
}

/** The minute in which the reminder comes, where the program is gone from minute 4 to minute 30. */
async function minuteOfReminder(delays: DelayPolicy): Promise<number> {
  const clock = new SimulatedClock();
  const store = memoryStore();
  const before = createRuntime({ store, clock });
  await before.start(reminder, { id: 'reminder-1' });
  clock.set(4 * MINUTE);
  await before.close();

  clock.set(30 * MINUTE);
  const after = createRuntime({ store, clock, delays });
  const run = await after.open(reminder, 'reminder-1');
  await run.flush();
  while (clock.now() < 90 * MINUTE && run.status !== 'done') {
    clock.increment(MINUTE);
    await run.flush();
  }
  await after.close();
  return clock.now() / MINUTE;
}

const day = await endOfTrial();
console.log(`A trial of 60 days is over on day ${day}.\n`);

const policies: readonly DelayPolicy[] = ['deadline', 'remaining', 'restart'];
const minutes: number[] = [];
console.log('A reminder of 10 minutes, set at minute 0; nobody has the run open from minute 4 to minute 30.');
for (const policy of policies) {
  const minute = await minuteOfReminder(policy);
  minutes.push(minute);
  console.log(`  ${policy.padEnd(9)}  comes in minute ${minute}`);
}

const proved = day === 60 && minutes.join() === '30,36,40';
console.log(
  proved
    ? '\nProved: 60 days held, and a missed delay came at once, after what was left of it, or after all of it.'
    : '\nNot as promised: see above.',
);
process.exitCode = proved ? 0 : 1;
