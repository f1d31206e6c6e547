import { assign, setup } from 'xstate';
import { typed } from '../../support/typed.ts';

/** Keeps what it is told, in order. */
export const notes = setup({
  types: typed<{
    context: { notes: readonly string[]; fat: readonly string[] };
    events: { type: 'add'; note: string } | { type: 'fatten'; text: string };
  }>(),
}).createMachine({
  id: 'notes',
  context: { notes: [], fat: [] },
  on: {
    add: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.note] }) },
    fatten: { actions: assign({ fat: ({ context, event }) => [...context.fat, event.text] }) },
  },
});
