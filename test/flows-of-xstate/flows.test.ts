/** The flows of XState's own examples of workflows, with data of ours: a machine by hand and a workflow come to the same. */
import { createRuntime, fromDurable } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActor, SimulatedClock, toPromise, type AnyStateMachine } from 'xstate';
import { application } from './application.ts';
import { creditCheck } from './credit-check.ts';
import { deadline } from './deadline.ts';
import { kiln } from './kiln.ts';
import { provisions } from './provisions.ts';
import { sideBySide } from './side-by-side.ts';
import { sums } from './sums.ts';
import type { Note, Twice } from './twice.ts';

type Way = Twice['ways'][number];

interface End {
  readonly output: unknown;
  /** What was done outside, in order. */
  readonly notes: readonly string[];
}

/** Waits until all has happened that needs no time to pass: nothing here does, but where the clock says so. */
async function calm(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

const DAY = 24 * 60 * 60 * 1000;

/** Lets time pass, at most a day at once. */
function pass(clock: SimulatedClock, ms: number): void {
  for (let left = ms; left > 0; left -= DAY) clock.increment(Math.min(left, DAY));
}

// What functions need is loaded with the first one.
beforeAll(async () => {
  const first = createActor(fromDurable(async () => 1));
  first.start();
  await toPromise(first);
});

/** Runs a machine without a store. */
async function bare(machineOf: (note: Note) => AnyStateMachine, { input, happens = [] }: Way): Promise<End> {
  const notes: string[] = [];
  const clock = new SimulatedClock();
  const actor = createActor(
    machineOf((what) => void notes.push(what)),
    { input, clock },
  );
  actor.start();
  await calm();
  for (const happening of happens) {
    if ('send' in happening) actor.send(happening.send);
    else pass(clock, happening.pass);
    await calm();
  }
  const { status, output } = actor.getSnapshot();
  expect(status).toBe('done');
  return { output, notes };
}

/** Runs a machine as a run that is let go of, and opened by another runtime, whenever nothing runs. */
async function asRun(machineOf: (note: Note) => AnyStateMachine, { input, happens = [] }: Way): Promise<End> {
  const notes: string[] = [];
  const clock = new SimulatedClock();
  const store = memoryStore();
  const machine = machineOf((what) => void notes.push(what));
  let run = await createRuntime({ store, clock }).start(machine, { id: 'r', input });
  for (const happening of happens) {
    await calm();
    await run.flush();
    if (run.status !== 'running') {
      await run.release();
      run = await createRuntime({ store, clock }).open(machine, 'r');
    }
    if ('send' in happening) await run.send(happening.send);
    else pass(clock, happening.pass);
  }
  const output: unknown = await run.done();
  return { output, notes };
}

describe.each([creditCheck, application, sideBySide, sums, kiln, deadline, provisions])(
  'the flow of $of',
  ({ byHand, asWorkflow, ways }) => {
    it.each(ways)('comes to the same as a workflow: $name', async (way) => {
      const hand = await bare(byHand, way);
      expect(hand.output).toEqual(way.output);
      expect(await bare(asWorkflow, way)).toEqual(hand);
      expect(await asRun(asWorkflow, way)).toEqual(hand);
    });
  },
);
