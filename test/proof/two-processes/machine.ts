/** The kiosk that two processes want to have. */
import { assign, fromPromise, setup } from 'xstate';

/** What leaves the kiosk. */
export interface Outside {
  /** Two custom actions of one turn. */
  greet(n: number): void;
  thank(n: number): void;
  /** A promise; gives who ran it. */
  fetch(): Promise<string>;
}

export function makeKiosk(outside: Outside) {
  return setup({
    types: {
      context: {} as { readonly served: readonly string[]; readonly fetched: readonly string[] },
      events: {} as
        | { readonly type: 'SERVE'; readonly who: string; readonly n: number }
        | { readonly type: 'FETCH' },
    },
    actors: { fetch: fromPromise<string>(() => outside.fetch()) },
    actions: {
      greet: (_, { n }: { n: number }) => outside.greet(n),
      thank: (_, { n }: { n: number }) => outside.thank(n),
    },
  }).createMachine({
    id: 'kiosk',
    version: '1',
    context: { served: [], fetched: [] },
    initial: 'idle',
    on: {
      SERVE: {
        actions: [
          assign({ served: ({ context, event }) => [...context.served, `${event.who}${event.n}`] }),
          { type: 'greet', params: ({ event }) => ({ n: event.n }) },
          { type: 'thank', params: ({ event }) => ({ n: event.n }) },
        ],
      },
    },
    states: {
      idle: { on: { FETCH: 'fetching' } },
      fetching: {
        invoke: {
          src: 'fetch',
          onDone: {
            target: 'idle',
            actions: assign({ fetched: ({ context, event }) => [...context.fetched, event.output] }),
          },
        },
      },
    },
  });
}
