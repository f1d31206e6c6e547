/** The form as a machine: three pages to fill in, then it is sent, once. */
import { fromDurable, type DurableArgs } from 'savepoint';
import { assign, setup } from 'xstate';

/** What is typed in. */
export interface Application {
  readonly name: string;
  readonly mail: string;
  readonly goods: string;
  readonly metres: string;
}

export type Field = keyof Application;

const empty: Application = { name: '', mail: '', goods: '', metres: '' };

export function isField(name: string): name is Field {
  return name in empty;
}

interface Types {
  context?: { application: Application; number?: string };
  events?:
    | { type: 'type'; field: Field; text: string }
    | { type: 'next' }
    | { type: 'back' }
    | { type: 'send' };
}
// For TypeScript alone, as `types` always is.
const types: Types = {};

export const stall = setup({
  types,
  actors: {
    // Started again after a crash, under the same effect id: by it the town hall knows that it is the same application.
    submit: fromDurable(async ({ input, effectId, signal }: DurableArgs<Application>) => {
      const headers = { 'idempotency-key': effectId };
      const response = await fetch('/applications', {
        method: 'POST',
        headers,
        body: JSON.stringify(input),
        signal,
      });
      if (!response.ok) throw new Error(`The town hall answers ${response.status}.`);
      return response.text();
    }),
  },
  guards: {
    knowsWho: ({ context: { application } }) => application.name !== '' && application.mail.includes('@'),
    knowsWhat: ({ context: { application } }) => application.goods !== '' && Number(application.metres) > 0,
  },
}).createMachine({
  id: 'stall',
  context: { application: empty },
  initial: 'who',
  states: {
    who: { on: { next: { target: 'what', guard: 'knowsWho' } } },
    what: { on: { next: { target: 'review', guard: 'knowsWhat' }, back: 'who' } },
    review: { on: { send: 'sending', back: 'what' } },
    sending: {
      // What is under way is not changed.
      on: { type: {} },
      invoke: {
        src: 'submit',
        input: ({ context }) => context.application,
        onDone: { target: 'sent', actions: assign({ number: ({ event }) => event.output }) },
        onError: 'review',
      },
    },
    sent: { type: 'final' },
  },
  on: {
    type: {
      actions: assign({
        application: ({ context, event }) => ({ ...context.application, [event.field]: event.text }),
      }),
    },
  },
});
