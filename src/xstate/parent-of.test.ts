import { createActor, fromPromise, setup } from 'xstate';
import { expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, parentOf } from '../index.ts';

it('gives the actor that made another, whose state an effect can read, with a run and without', async () => {
  const seen: unknown[] = [];
  const machine = setup({
    actors: {
      look: fromPromise(async ({ self }) => {
        const parent = parentOf(self)!;
        seen.push((parent.getSnapshot() as { context: object }).context, parentOf(parent));
      }),
    },
  }).createMachine({
    id: 'm',
    context: { n: 7 },
    initial: 'looking',
    states: { looking: { invoke: { src: 'look', id: 'look', onDone: 'over' } }, over: { type: 'final' } },
  });
  createActor(machine).start();
  await (await createRuntime({ store: memoryStore() }).start(machine)).done();
  expect(seen).toEqual([{ n: 7 }, undefined, { n: 7 }, undefined]);
});
