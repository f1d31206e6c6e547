/** Events with ids, on a store that has to be waited for. */
import { assign, setup } from 'xstate';
import { describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { counter } from '../../test/support/counter.ts';
import { nextJob, slowStore as heldStore } from '../../test/support/staged-store.ts';
import { typed } from '../../test/support/typed.ts';
import { createRuntime, type Store } from '../index.ts';

/** A memory store whose look-ups of event ids take a moment, and fail where they are told to. */
function slowStore(fails: (key: string | undefined) => boolean): Store {
  const inner = memoryStore();
  return new Proxy(inner, {
    get(store, name: keyof Store) {
      if (name === 'rows')
        return async (...[run, kind, scan]: Parameters<Store['rows']>) => {
          const isFirst = scan.key === 'first';
          await new Promise((resolve) => setTimeout(resolve, isFirst ? 30 : 1));
          if (kind === 'event' && fails(scan.key)) throw new Error('The connection was cut.');
          return store.rows(run, kind, scan);
        };
      const member = store[name];
      return typeof member === 'function' ? (member as () => unknown).bind(store) : member;
    },
  });
}

describe('events with ids that are sent at once', () => {
  it('fail for whoever sent them where the store cannot be asked, and for nobody else', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    const runtime = createRuntime({ store: slowStore((key) => key === 'second'), logger: () => {} });
    const run = await runtime.start(counter, { id: 'r' });
    // The look-up of the second one fails while it still waits for the first one to be delivered.
    const sent = ['first', 'second', 'third'].map((id) => run.send({ type: 'add' }, { id }));
    const answers = await Promise.allSettled(sent);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(run.getSnapshot().context.count).toBe(2);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('count once, though nothing took the first one', async () => {
    const machine = setup({
      types: typed<{ context: { times: number }; events: { type: 'go' } | { type: 'ready' } }>(),
    }).createMachine({
      id: 'getting ready',
      context: { times: 0 },
      initial: 'early',
      states: {
        early: { on: { ready: 'late' } },
        late: { on: { go: { actions: assign({ times: ({ context }) => context.times + 1 }) } } },
      },
    });
    const store = heldStore(memoryStore());
    const starting = createRuntime({ store }).start(machine, { id: 'r' });
    await expect.poll(() => store.waiting).toBe(1);
    await store.letOne();
    const run = await starting;
    const first = run.send({ type: 'go' }, { id: 'e' });
    const ready = run.send({ type: 'ready' });
    expect(await first).toEqual({ delivered: true, accepted: false });
    const second = run.send({ type: 'go' }, { id: 'e' });
    await nextJob();
    await store.letOne();
    await ready;
    const third = run.send({ type: 'go' }, { id: 'e' });
    await nextJob();
    await store.letAll();
    expect(await Promise.all([second, third])).toMatchObject([{ seq: 3 }, { seq: 3 }]);
    expect(run.getSnapshot().context.times).toBe(1);
  });
});
