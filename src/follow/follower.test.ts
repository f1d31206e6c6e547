import { describe, expect, it, onTestFinished } from 'vitest';
import { waitFor } from 'xstate';
import { counter } from '../../test/support/counter.ts';
import { overriding } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { createRuntime, durable, type Runtime, type RuntimeOptions, type Store } from '../index.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({
    store,
    machines: [counter],
    limits: { poll: 10 },
    logger: () => {},
    ...options,
  });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

describe.each(stores)('a run that is followed on %s', (_, make) => {
  it('shows what its holder commits, and its questions', async () => {
    const store = make();
    const run = await runtimeOn(store).start(counter, { id: 'r' });
    const followed = await runtimeOn(store).follow(counter, 'r');
    expect(followed.getSnapshot().context.count).toBe(0);
    const counts: number[] = [];
    followed.subscribe((snapshot) => counts.push(snapshot.context.count));
    await run.send({ type: 'add', by: 3 });
    await waitFor(followed.actor, ({ context }) => context.count === 3);
    expect(counts).toEqual([3]);
    expect(followed).toMatchObject({ id: 'r', seq: 2, status: 'idle', pendingInputs: [] });
    await run.send({ type: 'ask' });
    await waitFor(followed.actor, (snapshot) => snapshot.matches('asking'));
    expect(followed.pendingInputs).toEqual(run.pendingInputs);
    expect(followed.status).toBe('waitingForInput');
    expect(followed.getSnapshot().can({ type: 'back' })).toBe(true);
  });

  it('is written by nobody who follows, and can be taken over when its holder lets go', async () => {
    const store = make();
    const run = await runtimeOn(store).start(counter, { id: 'r' });
    const other = runtimeOn(store);
    const followed = await other.follow('r');
    expect(() => followed.actor.send({ type: 'add' })).toThrow('only followed');
    const taken = other.open(counter, 'r', { wait: 5000 });
    await run.send({ type: 'add' });
    await run.release();
    await (await taken).send({ type: 'add' });
    await waitFor(followed.actor, ({ context }) => (context as { count: number }).count === 2);
  });

  it('tells its end, and is not looked at any more', async () => {
    const store = make();
    const run = await runtimeOn(store).start(counter, { id: 'r' });
    let looks = 0;
    const counting = overriding(store, { runs: (scan) => (looks++, store.runs(scan)) });
    const followed = await runtimeOn(counting).follow(counter, 'r');
    const ended = new Promise<void>((complete) => followed.actor.subscribe({ complete }));
    await run.send({ type: 'finish' });
    await ended;
    expect(followed).toMatchObject({ status: 'done' });
    expect(followed.getSnapshot().output).toBe(0);
    looks = 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).toBe(0);
    expect((await runtimeOn(store).follow('r')).status).toBe('done');
  });

  it('is followed no longer once it is told to stop, or the runtime is closed', async () => {
    const store = make();
    const run = await runtimeOn(store).start(counter, { id: 'r' });
    const reader = runtimeOn(store);
    const [one, two] = [await reader.follow('r'), await reader.follow('r')];
    one.stop();
    await reader.close();
    await run.send({ type: 'add' });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect([one.seq, two.seq]).toEqual([1, 1]);
  });

  it('must be there', async () => {
    await expect(runtimeOn(make()).follow('r')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});

it('is seen at once where the store tells of commits', async () => {
  const store = stores[0]![1]();
  let tell!: (run: string) => void;
  const telling = overriding(store, {
    listen: (wake) => {
      tell = wake;
      return () => {};
    },
  });
  const run = await runtimeOn(store).start(counter, { id: 'r' });
  const followed = await runtimeOn(telling, { limits: { poll: 60_000 } }).follow(counter, 'r');
  await run.send({ type: 'add' });
  tell('r');
  await waitFor(followed.actor, ({ context }) => context.count === 1);
});

describe('durable()', () => {
  it('gives the same run for the same store object and id, also while it is being opened', async () => {
    const store = stores[0]![1]();
    const runs = await Promise.all([1, 2, 3].map(() => durable(counter, { store, id: 'mine' })));
    expect(new Set(runs).size).toBe(1);
    expect(await durable(counter, { store, id: 'mine' })).toBe(runs[0]);
    expect(await durable(counter, { store, id: 'other' })).not.toBe(runs[0]);
  });

  it('gives a run that works to a component that is mounted, unmounted and mounted again at once', async () => {
    const store = stores[0]![1]();
    const first = durable(counter, { store, id: 'mine' });
    void first.then((run) => run.release());
    const second = await durable(counter, { store, id: 'mine' });
    expect(await second.send({ type: 'add' })).toMatchObject({ accepted: true });
  });
});
