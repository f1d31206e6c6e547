/** Runs that are copied in the middle of something, and go on in the other store. */
import {
  createRuntime,
  fromDurable,
  inputRequest,
  migrateStore,
  type DurableArgs,
  type Runtime,
  type RuntimeOptions,
  type Store,
} from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assign, setup, SimulatedClock } from 'xstate';
import { z } from 'zod';
import { temporarySqlite } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';

const hour = 3_600_000;
const looked = vi.fn((name: string) => `found ${name}`);

const order = setup({
  types: typed<{
    context: { picture: Uint8Array; log: string[] };
    events: { type: 'note'; text: string } | { type: 'ask' } | { type: 'sleep' } | { type: 'look' };
  }>(),
  actors: {
    approve: inputRequest({ schema: z.string() }),
    look: fromDurable(async ({ step }: DurableArgs<undefined>) => {
      const first = await step('first', () => looked('first'));
      await step.sleep('a while', 24 * hour);
      return `${first}, ${await step('second', () => looked('second'))}`;
    }),
  },
}).createMachine({
  id: 'order',
  context: { picture: new Uint8Array(9000).fill(7), log: [] },
  on: { note: { actions: assign({ log: ({ context, event }) => [...context.log, event.text] }) } },
  initial: 'idle',
  states: {
    idle: { on: { ask: 'asking', sleep: 'sleeping', look: 'looking' } },
    asking: {
      invoke: {
        src: 'approve',
        id: 'approve',
        input: { prompt: 'May we?', assignee: 'ann' },
        onDone: {
          target: 'idle',
          actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
        },
      },
    },
    sleeping: { after: { [hour]: { target: 'idle', actions: assign({ log: ['slept'] }) } } },
    looking: {
      invoke: {
        src: 'look',
        onDone: { target: 'idle', actions: assign({ log: ({ event }) => [event.output] }) },
      },
    },
  },
});

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [order], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** A clock that stands at `now`, and goes on where it is told. */
function clockAt(now: number): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(now);
  return clock;
}

describe.each<[string, () => Store, () => Store]>([
  ['memory to SQLite', () => memoryStore(), () => temporarySqlite()],
  ['SQLite to memory', () => temporarySqlite(), () => memoryStore()],
])('a run that is copied from %s', (_, makeFrom, makeTo) => {
  it('sleeps on, and wakes when it is time', async () => {
    const from = makeFrom();
    const to = makeTo();
    const before = runtimeOn(from, { clock: clockAt(1_000_000) });
    const sleeper = await before.start(order, { id: 'sleeper' });
    await sleeper.send({ type: 'sleep' });
    await before.close();
    await migrateStore(from, to);
    const clock = clockAt(1_000_000 + hour / 2);
    const after = runtimeOn(to, { clock });
    expect(await after.get('sleeper')).toMatchObject({ status: 'sleeping', due: 1_000_000 + hour });
    const run = await after.open(order, 'sleeper');
    expect(run.getSnapshot().value).toBe('sleeping');
    clock.increment(hour / 2);
    await run.settled();
    expect(run.getSnapshot().context.log).toEqual(['slept']);
  });

  it('waits on for its answer, and tells its history', async () => {
    const from = makeFrom();
    const to = makeTo();
    const before = runtimeOn(from);
    const asker = await before.start(order, { id: 'asker', tags: ['vip'], metadata: { of: 'ann' } });
    for (let i = 0; i < 30; i++) await asker.send({ type: 'note', text: `${i}` }, { id: `note-${i}` });
    await asker.send({ type: 'ask' });
    const history = await all(asker.history());
    await before.close();
    await migrateStore(from, to);
    const after = runtimeOn(to);
    expect(await all(after.inputs({ assignee: 'ann', tag: 'vip' }))).toMatchObject([
      { id: 'asker/approve', prompt: 'May we?' },
    ]);
    expect(await after.answer('asker/approve', 'yes', { by: 'ann' })).toMatchObject({ delivered: true });
    const run = await after.open(order, 'asker');
    const { context, value } = run.getSnapshot();
    expect([value, context.log.length, context.log.at(-1)]).toEqual(['idle', 31, 'yes']);
    expect(context.picture).toEqual(new Uint8Array(9000).fill(7));
    const copied = (await all(run.history())).slice(0, history.length);
    // Each store has its own sizes.
    expect(copied).toEqual(history.map((info) => ({ ...info, bytes: expect.any(Number) as number })));
    expect(await run.send({ type: 'note', text: 'again' }, { id: 'note-7' })).toEqual({
      delivered: true,
      accepted: true,
      seq: 9,
    });
    expect((await run.checkpoint(5)).snapshot).toMatchObject({ context: { log: ['0', '1', '2', '3'] } });
  });

  it('goes on with a durable function, and runs no finished step again', async () => {
    looked.mockClear();
    const from = makeFrom();
    const to = makeTo();
    const before = runtimeOn(from, { clock: clockAt(1_000_000) });
    const looker = await before.start(order, { id: 'looker' });
    await looker.send({ type: 'look' });
    await looker.settled();
    expect(looker.status).toBe('sleeping');
    await before.close();
    await migrateStore(from, to);
    const after = runtimeOn(to, { clock: clockAt(1_000_000 + 25 * hour) });
    const run = await after.open(order, 'looker');
    await vi.waitFor(() => expect(run.getSnapshot().value).toBe('idle'), { timeout: 20_000 });
    expect(run.getSnapshot().context.log).toEqual(['found first, found second']);
    expect(looked.mock.calls).toEqual([['first'], ['second']]);
  });

  it('gets what was left for it, in order', async () => {
    const from = makeFrom();
    const to = makeTo();
    // Long before it would look.
    const owner = runtimeOn(from, { limits: { poll: hour } });
    await owner.start(order, { id: 'reader' });
    const stranger = runtimeOn(from, { machines: [] });
    for (const text of ['one', 'two', 'three']) await stranger.send('reader', { type: 'note', text });
    await owner.close();
    await migrateStore(from, to);
    const after = runtimeOn(to);
    await after.recover();
    const run = await after.open(order, 'reader');
    expect(run.getSnapshot().context.log).toEqual(['one', 'two', 'three']);
  });
});
