/** The machine: a parcel is packed, rests, is driven in three steps, and is told of. */
import { fromDurable } from 'savepoint';
import { fromPromise, setup } from 'xstate';

/** What is done outside, by whoever has the parcel. */
export type Do = (parcel: string, what: string, effectId: string | undefined) => Promise<void>;

/** In order. Each begins when the one before it is over, and that is stored. */
export const DEEDS = ['pack', 'load', 'drive', 'unload'];

export const parcelOf = (act: Do) =>
  setup({
    types: {
      context: {} as { parcel: string },
      input: {} as { parcel: string },
      events: {} as { type: 'send' },
    },
    actors: {
      // Its effect id is the same in each process that tries.
      pack: fromPromise(({ input }: { input: string }) => act(input, 'pack', undefined)),
      deliver: fromDurable<void, string>(async ({ input, step }) => {
        await step('load', ({ effectId }) => act(input, 'load', effectId));
        await step('drive', ({ effectId }) => act(input, 'drive', effectId));
        await step('unload', ({ effectId }) => act(input, 'unload', effectId));
      }),
    },
  }).createMachine({
    id: 'parcel',
    version: '1',
    context: ({ input }) => input,
    initial: 'waiting',
    states: {
      waiting: { on: { send: 'packing' } },
      packing: { invoke: { src: 'pack', input: ({ context }) => context.parcel, onDone: 'resting' } },
      // While it rests no process has it: its job is due when it is.
      resting: { after: { 500: 'driving' } },
      driving: { invoke: { src: 'deliver', input: ({ context }) => context.parcel, onDone: 'delivered' } },
      delivered: { type: 'final' },
    },
  });
