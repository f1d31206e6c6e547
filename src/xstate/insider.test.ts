import { beforeEach, expect, test, vi } from 'vitest';
import type * as XState from 'xstate';
import { memoryStore } from '../../adapters/memory.ts';

// A copy of XState that lacks something: `remove` is what takes it away from each new actor.
const broken = vi.hoisted(() => ({ remove: (_actor: any): void => {} }));

vi.mock('xstate', async (original) => {
  const xstate = await original<typeof XState>();
  return {
    ...xstate,
    createActor: (...args: Parameters<typeof xstate.createActor>) => {
      const actor = xstate.createActor(...args);
      broken.remove(actor);
      return actor;
    },
  };
});

beforeEach(() => {
  vi.resetModules();
  broken.remove = () => {};
});

const without =
  (find: (actor: any) => any, name: string) =>
  (actor: any): void =>
    void delete find(actor)[name];

test('a copy of XState that has all that the seam needs is accepted', async () => {
  const { createRuntime } = await import('../runtime.ts');
  expect(() => createRuntime({ store: memoryStore() })).not.toThrow();
});

test.each([
  ['_snapshot', (actor: any) => actor],
  ['_deferred', (actor: any) => actor],
  ['_actorScope', (actor: any) => actor],
  ['actionExecutor', (actor: any) => actor._actorScope],
  ['_relay', (actor: any) => actor.system],
  ['_sendInspectionEvent', (actor: any) => actor.system],
  ['scheduler', (actor: any) => actor.system],
  ['cancelAll', (actor: any) => actor.system.scheduler],
  ['_nodes', (actor: any) => actor._snapshot],
] as const)('one without %s is refused, by name, before anything is done', async (name, find) => {
  broken.remove = without(find, name);
  const { createRuntime } = await import('../runtime.ts');
  const { UnsupportedXStateError } = await import('../errors.ts');
  const make = (): unknown => createRuntime({ store: memoryStore() });
  expect(make).toThrow(UnsupportedXStateError);
  expect(make).toThrow(`'${name}'`);
  expect(make).toThrow(/npm install xstate@5/);
});
