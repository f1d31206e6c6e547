/** `runtime.retry()`: the same run goes on from an earlier checkpoint, and nothing of what it did is lost. */
import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { counter } from '../../test/support/counter.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import { createRuntime, fromDurable, type DurableArgs, type RuntimeOptions, type Store } from '../index.ts';

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, machines: [counter], logger: () => {}, ...options });
const patient = { timeout: 10_000 };

/** Two steps, the second of which fails at first; then it waits. */
function charging() {
  const calls: string[] = [];
  let isDown = true;
  const machine = setup({
    types: typed<{ context: { paid?: string }; events: { type: 'refund' } }>(),
    actors: {
      charge: fromDurable(async ({ step, attempt, effectId }: DurableArgs<unknown>) => {
        await step('reserve', () => void calls.push('reserve'));
        return step('pay', () => {
          calls.push(`pay ${effectId} ${attempt}`);
          if (isDown) throw new Error('the bank is down');
          return 'paid';
        });
      }),
    },
  }).createMachine({
    id: 'charging',
    context: {},
    initial: 'charging',
    states: {
      charging: {
        invoke: {
          src: 'charge',
          id: 'charge',
          onDone: { target: 'charged', actions: assign({ paid: ({ event }) => event.output }) },
          onError: 'failed',
        },
      },
      charged: { on: { refund: 'refunded' } },
      failed: {},
      refunded: {},
    },
  });
  return { machine, calls, mend: () => (isDown = false) };
}

async function historyOf(
  runtime: ReturnType<typeof runtimeOn>,
  id: string,
): Promise<[number, string, unknown][]> {
  const found: [number, string, unknown][] = [];
  for await (const { seq, cause, value } of runtime.history(id)) found.push([seq, cause.type, value]);
  return found;
}

describe.each(stores)('a run that is taken back on %s', (_, make) => {
  it('goes on from an older checkpoint, under the same effect ids, and keeps the failed attempt', async () => {
    const { machine, calls, mend } = charging();
    const runtime = runtimeOn(make(), { machines: [machine] });
    const run = await runtime.start(machine, { id: 'r' });
    await run.settled();
    expect(run.getSnapshot().value).toBe('failed');
    mend();
    const again = await runtime.retry('r', { from: 1 });
    await expect.poll(() => again.getSnapshot().value, patient).toBe('charged');
    expect(calls).toEqual(['reserve', 'pay r/charge:1 1', 'pay r/charge:1 2']);
    expect(await historyOf(runtime, 'r')).toEqual([
      [1, 'start', 'charging'],
      [2, 'actor', 'failed'],
      [3, 'retry', 'charging'],
      [4, 'actor', 'charged'],
    ]);
    // What it did since is kept, too, where it goes back behind a success: the steps are not run again.
    const third = await runtime.retry('r', { from: 1 });
    await expect.poll(() => third.getSnapshot().value, patient).toBe('charged');
    expect(calls).toHaveLength(3);
  });

  it('is none that is running here: it stays as it was', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'work' });
    for (const options of [{}, { from: 1 }])
      await expect(runtime.retry('r', options)).rejects.toMatchObject({ code: 'RUN_RUNNING', run: 'r' });
    await run.send({ type: 'add' });
    expect(run.getSnapshot()).toMatchObject({ value: 'working', context: { count: 1 } });
    await run.send({ type: 'back' });
    const again = await runtime.retry('r', { from: 1 });
    expect(again.getSnapshot()).toMatchObject({ value: 'counting', context: { count: 0 } });
    expect([run.seq, again.seq]).toEqual([4, 5]);
  });

  it('is none that another process holds', async () => {
    const store = make();
    const run = await runtimeOn(store).start(counter, { id: 'r' });
    await expect(runtimeOn(store).retry('r')).rejects.toMatchObject({ code: 'RUN_LOCKED', run: 'r' });
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
  });

  it('is not taken back to what is not kept', async () => {
    const runtime = runtimeOn(make());
    const brief = await runtime.start(counter, { id: 'brief', history: 'replace' });
    const long = await runtime.start(counter, { id: 'long' });
    for (const run of [brief, long]) for (let n = 0; n < 4; n++) await run.send({ type: 'add' });
    for (const [id, from] of [
      ['brief', 1],
      ['brief', 4],
      ['long', 99],
      ['long', 0],
      ['long', Number.NaN],
    ] as const)
      await expect(runtime.retry(id, { from }), `${id} ${from}`).rejects.toMatchObject({
        code: 'CHECKPOINT_NOT_FOUND',
        run: id,
      });
    const again = await runtime.open('brief');
    expect(again.getSnapshot()).toMatchObject({ context: { count: 4 } });
    expect((await runtime.retry('brief', { from: 5 })).getSnapshot()).toMatchObject({
      context: { count: 4 },
    });
  });

  it('stays paused, and goes on from there when it is resumed', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'add' });
    await runtime.pause('r', { by: 'ann' });
    await run.send({ type: 'add', by: 10 });
    const again = await runtime.retry('r', { from: 1 });
    expect(again.getSnapshot()).toMatchObject({ context: { count: 0 } });
    expect(await runtime.get('r')).toMatchObject({ status: 'paused', paused: { by: 'ann' } });
    await runtime.resume('r');
    expect(again.getSnapshot()).toMatchObject({ context: { count: 10 } });
  });

  it('does not run an effect again whose outcome waits as it is paused', async () => {
    let calls = 0;
    let end!: () => void;
    const machine = setup({
      actors: { work: fromPromise(() => new Promise<void>((resolve) => ((end = resolve), calls++))) },
    }).createMachine({
      id: 'working',
      initial: 'working',
      states: { working: { invoke: { src: 'work', onDone: 'over' } }, over: {} },
    });
    const runtime = runtimeOn(make(), { machines: [machine] });
    const run = await runtime.start(machine, { id: 'r' });
    await runtime.pause('r');
    await expect(runtime.retry('r')).rejects.toMatchObject({ code: 'RUN_RUNNING' });
    end();
    await run.settled();
    const again = await runtime.retry('r');
    await runtime.resume('r');
    expect(again.getSnapshot().value).toBe('over');
    expect(calls).toBe(1);
  });
});
