/**
 * A stranger's program: imports every subpath of the installed package and takes one run over a store,
 * in the process that starts it and in another one that opens it. Type-checked against the shipped types.
 */
import { createRuntime, StoreError, type Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { testStore } from 'savepoint/testing';
import { assign, setup } from 'xstate';

const order = setup({
  types: {
    context: {} as { item: string; paidAt: Date | undefined },
    events: {} as { type: 'pay'; at: Date } | { type: 'ship' },
    input: {} as { item: string },
  },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ item: input.item, paidAt: undefined }),
  initial: 'open',
  states: {
    open: { on: { pay: { target: 'paid', actions: assign({ paidAt: ({ event }) => event.at }) } } },
    paid: { on: { ship: 'shipped' } },
    shipped: { type: 'final' },
  },
});

function expect(holds: boolean, fault: string): void {
  if (!holds) throw new Error(fault);
}

const when = new Date('2026-02-03T04:05:06Z');

async function startAndPay(store: Store): Promise<void> {
  const runtime = createRuntime({ store, machines: [order] });
  const run = await runtime.start(order, { id: 'o-1', input: { item: 'lamp' } });
  await run.send({ type: 'pay', at: when });
  await runtime.close();
}

async function openAndShip(store: Store): Promise<void> {
  const runtime = createRuntime({ store, machines: [order] });
  const run = await runtime.open(order, 'o-1');
  const paidAt: Date | undefined = run.getSnapshot().context.paidAt;
  expect(
    paidAt instanceof Date && paidAt.getTime() === when.getTime(),
    `paidAt came back as ${String(paidAt)}`,
  );
  await run.send({ type: 'ship' });
  expect(run.status === 'done', `the run is ${run.status}, not done`);
  await runtime.close();
}

const [task, file] = process.argv.slice(2) as [string, string];
if (task === 'memory') {
  const store = memoryStore();
  await startAndPay(store);
  await openAndShip(store);
} else if (task === 'start') {
  const store = sqliteStore(file);
  await startAndPay(store);
  await store.close();
} else if (task === 'open') {
  const store = sqliteStore(file);
  await openAndShip(store);
  await store.close();
} else if (task === 'testing') {
  // Outside of vitest it is Node's own runner, which fails the process.
  testStore('the memory store', () => memoryStore());
} else if (task === 'damaged') {
  // The entries share one copy of the errors: what one throws, the other's class recognises.
  try {
    const store = sqliteStore(file);
    await store.runs({ limit: 1 });
    throw new Error('a file that is no database was opened');
  } catch (error) {
    expect(error instanceof StoreError, `${String(error)} is not the core's StoreError`);
  }
}
