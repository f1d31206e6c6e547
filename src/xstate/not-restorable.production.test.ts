// The tests run on XState's development build, which refuses some of this by itself. Users run the other one.
import { expect, test, vi } from 'vitest';
import { createActor, createMachine, fromPromise, spawnChild } from 'xstate';
import manifest from 'xstate/package.json' with { type: 'json' };
import './not-restorable.test.ts';

vi.mock('xstate', async () => {
  const { default: xstate } = await import('xstate/package.json', { with: { type: 'json' } });
  return xstate.version.startsWith('5.20.')
    ? import('../../node_modules/xstate-oldest/dist/xstate.cjs.js')
    : import('../../node_modules/xstate/dist/xstate.cjs.js');
});

test(`this is the production build of XState ${manifest.version}`, () => {
  const spawning = createMachine({
    id: 'm',
    entry: spawnChild(
      fromPromise(async () => {}),
      { id: 'inline' },
    ),
  });
  expect(() => createActor(spawning).start().getPersistedSnapshot()).not.toThrow();
});
