import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, SnapshotTooLargeError } from '../index.ts';

const notes = setup({
  types: {
    context: {} as { texts: string[]; failed?: string },
    events: {} as { type: 'note'; text: string } | { type: 'clear' } | { type: 'load' },
  },
  actors: { load: fromPromise(async () => 'x'.repeat(5000)) },
  actions: {
    note: assign({ texts: ({ context }, { text }: { text: string }) => [...context.texts, text] }),
  },
}).createMachine({
  id: 'notes',
  context: { texts: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        note: { actions: { type: 'note', params: ({ event }) => ({ text: event.text }) } },
        clear: { actions: assign({ texts: [] }) },
        load: 'loading',
      },
    },
    loading: {
      invoke: {
        src: 'load',
        onDone: {
          target: 'open',
          actions: { type: 'note', params: ({ event }) => ({ text: event.output }) },
        },
        onError: {
          target: 'open',
          actions: assign({ failed: ({ event }) => (event.error as Error).name }),
        },
      },
    },
  },
});

const LIMIT = 4000;
const note = (length: number, text = 'x') => ({ type: 'note', text: text.repeat(length) }) as const;

async function start() {
  const store = memoryStore();
  const runtime = createRuntime({
    store,
    machines: [notes],
    limits: { snapshotBytes: LIMIT },
    logger: () => {},
  });
  return { store, runtime, run: await runtime.start(notes, { id: 'r' }) };
}

describe('limits.snapshotBytes', () => {
  it('refuses a turn that makes the state larger, and the run is as it was', async () => {
    const { run } = await start();
    await run.send(note(3000));
    const error = await run.send(note(3000)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SnapshotTooLargeError);
    expect(error).toMatchObject({ code: 'SNAPSHOT_TOO_LARGE', run: 'r', limit: LIMIT });
    expect((error as SnapshotTooLargeError).bytes).toBeGreaterThan(6000);
    expect(run.getSnapshot().context.texts).toHaveLength(1);
    await run.send(note(10));
    expect(run.seq).toBe(3);
  });

  it('counts the state, and not what was ever written', async () => {
    const { run, runtime } = await start();
    for (let n = 0; n < 10; n++) {
      await run.send(note(3000));
      await run.send({ type: 'clear' });
    }
    await run.release();
    const again = await runtime.open(notes, 'r');
    await again.send(note(3000));
    expect(again.seq).toBe(22);
  });

  it('counts bytes, not characters', async () => {
    const { run } = await start();
    await expect(run.send(note(1500, '語'))).rejects.toBeInstanceOf(SnapshotTooLargeError);
    await run.send(note(1000, '語'));
  });

  it('refuses a run that begins too large, and nothing of it is kept', async () => {
    const { runtime } = await start();
    const large = setup({ types: { input: {} as string } }).createMachine({
      id: 'large',
      context: ({ input }) => ({ text: input }),
    });
    await expect(runtime.start(large, { id: 'l', input: 'x'.repeat(5000) })).rejects.toMatchObject({
      code: 'SNAPSHOT_TOO_LARGE',
    });
    await expect(runtime.get('l')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('makes an effect fail whose outcome is too large', async () => {
    const { run } = await start();
    await run.send({ type: 'load' });
    await run.settled();
    expect(run.getSnapshot().context).toEqual({ texts: [], failed: 'SnapshotTooLargeError' });
  });

  it('lets a run be cancelled that is larger than is allowed now', async () => {
    const { run, store } = await start();
    await run.send(note(3000));
    await run.release();
    const runtime = createRuntime({ store, machines: [notes], limits: { snapshotBytes: 1000 } });
    await runtime.cancel('r');
    expect((await runtime.get('r')).status).toBe('cancelled');
  });
});
