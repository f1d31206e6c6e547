import { setup } from 'xstate';
import { expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { asynchronous } from '../../test/support/staged-store.ts';
import { createRuntime, fromDurable, type Run } from '../index.ts';

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('a run is not at rest while a step is tried again, however long it takes to store that it waited before', async () => {
  const happened: string[] = [];
  const runs: Run[] = [];
  const flaky = fromDurable<void, undefined>(async ({ step }) => {
    await step(
      'one',
      async ({ attempt }) => {
        if (attempt === 1) throw new Error('It fails at first.');
        void runs[0]?.settled().then(() => happened.push('at rest'));
        await later(100);
        happened.push('tried again');
      },
      { retry: { limit: 1, backoff: 1 } },
    );
  });
  const machine = setup({ actors: { flaky } }).createMachine({
    id: 'flaky',
    initial: 'working',
    states: { working: { invoke: { src: 'flaky', onDone: 'over' } }, over: {} },
  });
  const runtime = createRuntime({ store: asynchronous(memoryStore(), () => 20) });
  runs.push(await runtime.start(machine));
  await expect.poll(() => runs[0]?.status).toBe('idle');
  await later(50);
  expect(happened).toEqual(['tried again', 'at rest']);
  await runtime.close();
});
