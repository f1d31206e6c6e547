/** Connections that are cut while a script is under way, before and after it took. */
import { createRuntime } from 'savepoint';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { redisClients } from '../../test/support/redis-clients.ts';
import { type RedisServer, redisIsMissing, startRedis } from '../../test/support/redis-server.ts';
import { freshPrefix, temporaryRedisStore } from '../../test/support/redis-stores.ts';
import { type Cut, startProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import type { Store } from '../../src/store.ts';
import { commitScript } from './scripts/commit.ts';
import { enqueueScript } from './scripts/inbox.ts';

const cuts: readonly Cut[] = ['before', 'after', 'late'];

/** Notes what it is sent, and pays it by an effect, if it is not paying. */
function makeLedger(pay: (n: number) => void) {
  return setup({
    types: {
      context: {} as { readonly added: readonly number[]; readonly paid: readonly number[] },
      events: {} as { readonly type: 'ADD'; readonly n: number },
    },
    actors: {
      pay: fromPromise<number, number>(async ({ input }) => {
        pay(input);
        return input;
      }),
    },
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
        on: { ADD: { actions: 'note' } },
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

describe.skipIf(redisIsMissing).each(redisClients)('through %s', (_, make) => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let store: Store;
  let paid: number[];
  const pay = (n: number): void => void paid.push(n);

  beforeEach(async () => {
    server = await startRedis({ appendfsync: 'everysec' });
    proxy = await startProxy(server.port);
    store = temporaryRedisStore(make(`redis://127.0.0.1:${proxy.port}`), freshPrefix());
    paid = [];
  });
  afterEach(async () => {
    proxy.close();
    await server.stop();
  });

  const runtimeOf = (machine: ReturnType<typeof makeLedger>) =>
    createRuntime({ store, machines: [machine], logger: () => {} });

  test('200 cut commits of one run: no event and no effect is lost, and none happens twice', async () => {
    /** That of the event, or that of what was paid. */
    const cutOne = (n: number): void => proxy.cutNext(cuts[(n >> 1) % 3]!, commitScript.sha);
    const machine = makeLedger((n) => {
      pay(n);
      if (n % 2 === 1) cutOne(n);
    });
    const runtime = runtimeOf(machine);
    const run = await runtime.start(machine, { id: 'r' });
    const numbers = Array.from({ length: 200 }, (__, i) => i);
    for (const n of numbers) {
      if (n % 2 === 0) cutOne(n);
      const receipt = await run.send({ type: 'ADD', n }, { id: `e${n}` });
      expect(receipt).toEqual({ delivered: true, accepted: true, seq: 2 + 2 * n });
      await expect.poll(() => run.seq, { interval: 1 }).toBe(3 + 2 * n);
    }
    expect(proxy.cuts).toBe(200);
    expect(run.getSnapshot().context).toEqual({ added: numbers, paid: numbers });
    expect(paid).toEqual(numbers);
    const seqs = (await store.history('r', { limit: 999 })).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 401 }, (__, i) => i + 1));
    expect(await store.rows('r', 'event', {})).toHaveLength(200);
    await runtime.close();
  });

  test('30 cut starts: each run is there once, and goes on', async () => {
    const machine = makeLedger(pay);
    const runtime = runtimeOf(machine);
    for (let i = 0; i < 30; i++) {
      proxy.cutNext(cuts[i % 3]!, commitScript.sha);
      const run = await runtime.start(machine, { id: `r${i}` });
      await run.send({ type: 'ADD', n: i });
      await run.settled();
    }
    expect(proxy.cuts).toBe(30);
    expect(paid).toHaveLength(30);
    expect(await store.runs({ limit: 99 })).toHaveLength(30);
    await runtime.close();
  });

  test('30 cut messages: sent again under their ids, each is delivered once', async () => {
    const machine = makeLedger(pay);
    const runtime = runtimeOf(machine);
    await (await runtime.start(machine, { id: 'r' })).release();
    // Another runtime, which does not know the machine, leaves messages in the inbox.
    const sender = createRuntime({ store, logger: () => {} });
    for (let n = 0; n < 30; n++) {
      proxy.cutNext(cuts[n % 3]!, enqueueScript.sha);
      const send = () => sender.send('r', { type: 'ADD', n }, { id: `e${n}` });
      await expect(send()).rejects.toMatchObject({ code: 'STORE', outcome: 'unknown' });
      expect(await send()).toEqual({ delivered: false });
    }
    expect(await store.rows('r', 'inbox', {})).toHaveLength(30);
    const run = await runtime.open(machine, 'r');
    await expect.poll(() => store.rows('r', 'inbox', {})).toEqual([]);
    expect(run.getSnapshot().context.added).toEqual(Array.from({ length: 30 }, (__, i) => i));
    await sender.close();
    await runtime.close();
  });

  test('cut at any moment, reads and leases go on by themselves', async () => {
    await store.lease('owner', 60_000);
    for (let i = 0; i < 40; i++) {
      proxy.cutNext(cuts[i % 3]!, 'EVALSHA');
      await [
        () => store.runs({ limit: 1 }),
        () => store.lease('owner', 60_000),
        () => store.questions({ limit: 1 }),
        () => store.acquire('r', 'owner'),
      ][i % 4]!();
    }
    expect(proxy.cuts).toBe(40);
  });
});
