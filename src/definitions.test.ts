import { createRuntime } from 'savepoint';
import type { Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { assign, setup } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { typed } from '../test/support/typed.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

/** A version of one machine; all have the same structure, and say who they are. */
const version = (name: string | undefined): AnyStateMachine =>
  setup({ types: typed<{ context: { by: string[] } }>() }).createMachine({
    id: 'order',
    ...(name !== undefined && { version: name }),
    context: { by: [] },
    on: { sign: { actions: assign({ by: ({ context }) => [...context.by, name ?? 'none'] }) } },
  });

const left = async (store: Store, machine: AnyStateMachine, ...events: string[]): Promise<void> => {
  const runtime = createRuntime({ store });
  const run = await runtime.start(machine, { id: 'order-1' });
  for (const type of events) await run.send({ type });
  await runtime.close({ grace: 0 });
};

const openedBy = async (store: Store, machines: AnyStateMachine[]): Promise<string | undefined> => {
  const runtime = createRuntime({ store, machines });
  const run = await runtime.open('order-1');
  await runtime.close();
  return run.machine.version;
};

describe('of several versions of a machine', () => {
  it('a run opens on the version that wrote it', async () => {
    const store = memoryStore();
    await left(store, version('2'));
    expect(await openedBy(store, [version('1'), version('2'), version('3')])).toBe('2');
    expect(await openedBy(store, [version('3'), version('2'), version('1')])).toBe('2');
  });

  it.each([
    [['9', '10'], '10'],
    [['10', '9'], '10'],
    [['1.9.0', '1.10.0', '1.2.0'], '1.10.0'],
    [['2024-12-31', '2025-01-01'], '2025-01-01'],
    [[undefined, '1'], '1'],
    [['v9', 'v10'], 'v10'],
  ])('of %j a run opens on %s, the newest, where the one that wrote it is gone', async (names, newest) => {
    const store = memoryStore();
    await left(store, version('0'));
    expect(await openedBy(store, names.map(version))).toBe(newest);
  });

  it('a machine without a version is one of its own', async () => {
    const store = memoryStore();
    await left(store, version(undefined));
    expect(await openedBy(store, [version('1'), version(undefined)])).toBeUndefined();
  });

  it('the one that is given to open is taken where the one that wrote it is gone', async () => {
    const store = memoryStore();
    await left(store, version('0'));
    const given = version('1');
    expect((await runtimeOn(store, { machines: [version('2')] }).open(given, 'order-1')).machine).toBe(given);
  });

  it('the one that took the last turn wrote the run: it is recorded at the next turn', async () => {
    const store = memoryStore();
    await left(store, version('1'), 'sign');
    const runtime = runtimeOn(store, { machines: [version('2')] });
    const run = await runtime.open('order-1');
    expect((await runtime.get('order-1')).version).toBe('1');
    await run.send({ type: 'sign' });
    expect((await run.checkpoint(2)).definition.version).toBe('1');
    expect((await run.checkpoint(3)).definition.version).toBe('2');
    expect((await runtime.get('order-1')).version).toBe('2');
    await run.release();
    expect(await openedBy(store, [version('1'), version('2')])).toBe('2');
  });

  it('one that opened a run and took no turn has not written it', async () => {
    const store = memoryStore();
    await left(store, version('1'));
    expect(await openedBy(store, [version('2')])).toBe('2');
    expect((await runtimeOn(store).get('order-1')).version).toBe('1');
    expect(await openedBy(store, [version('1'), version('2')])).toBe('1');
  });
});
