/** Connections that are cut while a commit is under way, before and after it took. */
import { createRuntime } from 'savepoint';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { startPostgres } from '../../examples/postgres/server.ts';
import { freshSchema, temporaryPool, temporaryPostgres } from '../../test/support/postgres-stores.ts';
import { type Cut, startProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import type { Store } from '../../src/store.ts';
import { commit, creation, keysOf, loaded, minute, owner, turn } from '../conformance/fixtures.ts';

const server = await startPostgres();
const cuts: readonly Cut[] = ['before', 'after', 'late'];

/** Notes what it is sent, and pays it by an effect. */
function makeLedger(pay: (n: number) => string) {
  return setup({
    types: {
      context: {} as { readonly added: readonly number[]; readonly paid: readonly string[] },
      events: {} as { readonly type: 'ADD'; readonly n: number },
    },
    actors: { pay: fromPromise<string, number>(async ({ input }) => pay(input)) },
    actions: {
      note: assign({
        added: ({ context, event }) => [...context.added, (event as { readonly n: number }).n],
      }),
    },
  }).createMachine({
    id: 'ledger',
    context: { added: [], paid: [] },
    initial: 'idle',
    states: {
      idle: { on: { ADD: { target: 'paying', actions: 'note' } } },
      paying: {
        invoke: {
          src: 'pay',
          input: ({ context }) => context.added.at(-1)!,
          onDone: {
            target: 'idle',
            actions: assign({ paid: ({ context, event }) => [...context.paid, event.output] }),
          },
        },
      },
    },
  });
}

describe.runIf(server)('through a proxy that cuts connections', () => {
  let proxy: TcpProxy;
  let store: Store;
  let paid: number[];

  beforeEach(async () => {
    proxy = await startProxy(server!.port);
    store = temporaryPostgres(temporaryPool(proxy), freshSchema());
    paid = [];
  });

  afterEach(() => proxy.close());
  afterAll(() => server?.stop());

  const receiptOf = (n: number): string => `paid number ${n}.`;
  const pay = (n: number): string => {
    paid.push(n);
    return receiptOf(n);
  };
  const runtimeOf = (machine: ReturnType<typeof makeLedger>) =>
    createRuntime({ store, machines: [machine], logger: () => {} });

  test('200 cut commits of one run: no event and no effect is lost, and none happens twice', async () => {
    /** That of the event, or that of what was paid. */
    const cutOne = (n: number, marks: string): void => proxy.cutNext(cuts[(n >> 1) % 3]!, marks);
    const machine = makeLedger((n) => {
      if (n % 2 === 1) cutOne(n, receiptOf(n));
      return pay(n);
    });
    const runtime = runtimeOf(machine);
    const run = await runtime.start(machine, { id: 'r' });
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    for (const n of numbers) {
      const id = `event number ${n}.`;
      if (n % 2 === 0) cutOne(n, id);
      const receipt = await run.send({ type: 'ADD', n }, { id });
      expect(receipt).toEqual({ delivered: true, accepted: true, seq: 2 + 2 * n });
      await expect.poll(() => run.seq, { interval: 1 }).toBe(3 + 2 * n);
    }
    expect(proxy.cuts).toBe(200);
    expect(run.getSnapshot().context).toEqual({ added: numbers, paid: numbers.map(receiptOf) });
    expect(paid).toEqual(numbers);
    const seqs = (await store.history('r', { limit: 999 })).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 401 }, (_, i) => i + 1));
    expect(await store.rows('r', 'event', {})).toHaveLength(200);
    await runtime.close();
  }, 120_000);

  test('30 cut starts: each run is there once, and goes on', async () => {
    const machine = makeLedger(pay);
    const runtime = runtimeOf(machine);
    for (let n = 0; n < 30; n++) {
      proxy.cutNext(cuts[n % 3]!, `run number ${n}.`);
      const run = await runtime.start(machine, { id: `run number ${n}.` });
      await run.send({ type: 'ADD', n });
      await run.settled();
    }
    expect(proxy.cuts).toBe(30);
    expect(paid).toHaveLength(30);
    expect(await store.runs({ limit: 99 })).toHaveLength(30);
    await runtime.close();
  }, 60_000);

  test('30 cut messages: sent again under their ids, each is delivered once', async () => {
    const machine = makeLedger(pay);
    const runtime = runtimeOf(machine);
    await (await runtime.start(machine, { id: 'r' })).release();
    // Another runtime, which does not know the machine, leaves messages in the inbox.
    const sender = createRuntime({ store, logger: () => {} });
    for (let n = 0; n < 30; n++) {
      const id = `message number ${n}.`;
      proxy.cutNext(cuts[n % 3]!, id);
      const send = () => sender.send('r', { type: 'ADD', n }, { id });
      await expect(send()).rejects.toMatchObject({ code: 'STORE', outcome: 'unknown' });
      expect(await send()).toEqual({ delivered: false });
    }
    expect(proxy.cuts).toBe(30);
    expect(await keysOf(store, 'r', 'inbox')).toHaveLength(30);
    await sender.close();
    await runtime.close();
  }, 60_000);

  test('a batch whose commit is cut says that it is not known what became of it, and all or nothing did', async () => {
    await store.lease(owner, minute);
    const ids = Array.from({ length: 50 }, (_, i) => `r${i}`);
    await commit(store, ...ids.map((id) => creation(id)));
    for (const [i, cut] of cuts.entries()) {
      proxy.cutNext(cut, 'r49');
      const batch = ids.map((id) => turn(id, 2 + i, { expect: undefined }));
      await expect(store.commit(batch)).rejects.toMatchObject({ code: 'STORE', outcome: 'unknown' });
      const isThere = cut !== 'before';
      for (const id of ids) expect((await loaded(store, id)).includes(2 + i)).toBe(isThere);
    }
  });

  test('cut at any moment, reads and leases go on by themselves', async () => {
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    for (const cut of cuts) {
      proxy.cutNext(cut, 'ASC');
      expect(await store.history('r', { limit: 1 })).toHaveLength(1);
      proxy.cutNext(cut, 'coalesce');
      expect(await loaded(store, 'r')).toEqual([1]);
      proxy.cutNext(cut, owner);
      await store.lease(owner, minute);
      proxy.cutNext(cut, owner);
      expect((await store.acquire('r', owner)).status).toBe('acquired');
    }
    expect(proxy.cuts).toBe(12);
  });

  test('a connection that is refused has written nothing, and says so', async () => {
    await store.lease(owner, minute);
    await commit(store, creation('r'));
    proxy.close();
    // What was there is cut; the first commit over it cannot know.
    await Promise.resolve(store.commit([turn('r', 2)])).catch(() => {});
    const [outcome] = await store.commit([turn('r', 2)]);
    expect(outcome).toMatchObject({ status: 'failed', retry: true });
    if (outcome?.status === 'failed') expect(outcome.error.message).toContain('cannot be reached');
    await expect(store.runs({ limit: 1 })).rejects.toMatchObject({ code: 'STORE', outcome: 'failed' });
  });
});
