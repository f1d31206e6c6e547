/** One damaged record in a list of runs or questions does not take the others down, on a store that does not look. */
import {
  createRuntime,
  inputRequest,
  StoreError,
  type InputEvent,
  type Runtime,
  type Store,
} from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { describe, expect, it, onTestFinished } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { overriding } from '../test/support/staged-store.ts';

const asking = setup({ actors: { ask: inputRequest({ schema: z.string() }) } }).createMachine({
  id: 'asking',
  invoke: { src: 'ask', id: 'ask', input: { prompt: 'Well?' } },
});

/** The runs `r-1` to `r-3`, of which `r-2` is damaged by `damage`. */
async function damaged(damage: (store: Store) => Partial<Store>): Promise<Runtime> {
  const store = memoryStore();
  const writing = createRuntime({ store, machines: [asking] });
  for (const id of ['r-1', 'r-2', 'r-3']) await writing.start(asking, { id, metadata: { mine: true } });
  await writing.close();
  const runtime = createRuntime({
    store: overriding(store, damage(store)),
    machines: [asking],
    logger: () => {},
  });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

describe.each(['', '{"metadata":', 'null', '7'])('a head that is %j', (text) => {
  const headless = (): Promise<Runtime> =>
    damaged((store) => ({
      runs: async (scan) =>
        (await store.runs(scan)).map((run) => (run.run === 'r-2' ? { ...run, more: text } : run)),
    }));

  it('leaves the others listed, and is listed with what is wrong with it', async () => {
    const runtime = await headless();
    const listed = await all(runtime.list());
    expect(listed.map(({ id, error }) => [id, error?.name])).toEqual([
      ['r-1', undefined],
      ['r-2', 'StoreError'],
      ['r-3', undefined],
    ]);
    expect(listed[1]).toMatchObject({ machine: 'asking', status: 'waitingForInput', seq: 1, metadata: {} });
    expect((await all(runtime.list({ metadata: { mine: true } }))).map(({ id }) => id)).toEqual([
      'r-1',
      'r-3',
    ]);
  });

  it('is named where that run is read or opened, and stays free', async () => {
    const runtime = await headless();
    for (const call of [runtime.get('r-2'), runtime.open('r-2')]) {
      await expect(call).rejects.toBeInstanceOf(StoreError);
      await expect(call).rejects.toThrow("The head of run 'r-2' is damaged");
    }
    expect((await runtime.open('r-1')).status).toBe('waitingForInput');
  });
});

describe.each(['', '{"prompt":', 'null', '={"a":'])('a question that is %j', (text) => {
  const speechless = (): Promise<Runtime> =>
    damaged((store) => ({
      questions: async (scan) =>
        (await store.questions(scan)).map((one) => (one.run === 'r-2' ? { ...one, value: text } : one)),
    }));

  it('leaves the others listed, and is listed with what is wrong with it', async () => {
    const listed = await all((await speechless()).inputs());
    expect(listed.map(({ id, prompt, error }) => [id, prompt, error?.name])).toEqual([
      ['r-1/ask', 'Well?', undefined],
      ['r-2/ask', undefined, 'StoreError'],
      ['r-3/ask', 'Well?', undefined],
    ]);
    expect(listed[1]).toMatchObject({ run: 'r-2', machine: 'asking', actor: 'ask' });
  });

  it('is named where it is answered, and where its run is opened; others take answers', async () => {
    const runtime = await speechless();
    for (const call of [runtime.answer('r-2/ask', 'yes'), runtime.open('r-2'), runtime.recordOf('r-2/ask')]) {
      await expect(call).rejects.toBeInstanceOf(StoreError);
      await expect(call).rejects.toThrow("The question 'r-2/ask' of run 'r-2' cannot be read");
    }
    expect(await runtime.answer('r-3/ask', 'yes')).toMatchObject({ delivered: true });
  });
});

it('a question that opens damaged does not hide those that open beside it from who watches', async () => {
  const store = memoryStore();
  const runtimes = [
    createRuntime({ store, machines: [asking] }),
    createRuntime({
      store: overriding(store, {
        questions: async (scan) =>
          (await store.questions(scan)).map((one) => (one.run === 'r-1' ? { ...one, value: '' } : one)),
      }),
      machines: [asking],
      limits: { poll: 10 },
    }),
  ] as const;
  onTestFinished(async () => void (await Promise.all(runtimes.map((one) => one.close({ grace: 0 })))));
  const [asks, watches] = runtimes;
  const events = watches.watchInputs();
  const first = events.next();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await asks.start(asking, { id: 'r-1' });
  await asks.start(asking, { id: 'r-2' });
  const told = [(await first).value, (await events.next()).value] as InputEvent[];
  expect(told.map(({ type, input }) => [type, input.id, input.error?.name])).toEqual([
    ['opened', 'r-1/ask', 'StoreError'],
    ['opened', 'r-2/ask', undefined],
  ]);
});
