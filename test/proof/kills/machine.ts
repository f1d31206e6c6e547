/** The shop that is killed: every kind of actor, delays in parent and child, rich values everywhere. */
import { fromStore } from '@xstate/store';
import { assign, fromCallback, fromPromise, fromTransition, sendParent, sendTo, setup } from 'xstate';
import type { Goods } from '../goods.ts';

/** What leaves the shop. */
export interface Outside {
  /** A custom action; what takes time gives a promise. */
  report(n: number): unknown;
  /** What a callback does with what it receives. */
  ring(n: number): void | Promise<void>;
  /** What a promise does: the goods come back. */
  fetch(what: 'deliver' | 'audit', n: number): Promise<Goods>;
}

/** A delay that fired. */
export interface Fired {
  readonly n: number;
  readonly armedAt: number;
  readonly firedAt: number;
}

/** Of the parent's delay and of the child's, in milliseconds. */
export const delays = { alarm: 260, stocktake: 170 };

export const amountOf = (n: number): number => 1 + ((n * 7919) % 97);

export type ShopEvent =
  | { readonly type: 'SELL'; readonly n: number; readonly goods: Goods }
  | { readonly type: 'ARM'; readonly n: number }
  | { readonly type: 'COUNT'; readonly n: number; readonly goods: Goods }
  | { readonly type: 'DISPATCH'; readonly n: number }
  | { readonly type: 'COUNTED'; readonly n: number }
  | { readonly type: 'RANG'; readonly n: number };

interface ShopContext {
  readonly seen: readonly number[];
  readonly lately: Map<number, Goods>;
  readonly rang: readonly number[];
  readonly alarm: number;
  readonly armedAt: number;
  readonly fired: readonly Fired[];
  readonly counted: readonly number[];
  readonly dispatch: number;
  readonly delivered: readonly number[];
  readonly cargo: Goods | undefined;
}

interface StockroomContext {
  readonly n: number;
  readonly goods: Goods | undefined;
  readonly armedAt: number;
  readonly fired: readonly Fired[];
  readonly audited: readonly number[];
}

interface ShelfContext {
  readonly count: number;
  readonly newest: number;
  readonly goods: Goods | undefined;
}

/** Adds a sale to the newest four. */
function withSale(lately: Map<number, Goods>, n: number, goods: Goods): Map<number, Goods> {
  return new Map([...lately, [n, goods] as const].slice(-4));
}

const empty: ShelfContext = { count: 0, newest: 0, goods: undefined };

const shelf = fromStore({
  context: empty,
  on: {
    put: (context, { n, goods }: { n: number; goods: Goods }) => ({
      count: context.count + 1,
      newest: n,
      goods,
    }),
  },
});

/** The machine, over what its effects are to do. */
export function makeShop(outside: Outside) {
  const stockroom = setup({
    types: {
      context: {} as StockroomContext,
      events: {} as { readonly type: 'COUNT'; readonly n: number; readonly goods: Goods },
    },
    actors: {
      audit: fromPromise<Goods, { n: number }>(({ input }) => outside.fetch('audit', input.n)),
    },
    delays: { stocktake: delays.stocktake },
  }).createMachine({
    id: 'stockroom',
    initial: 'idle',
    context: { n: 0, goods: undefined, armedAt: 0, fired: [], audited: [] },
    states: {
      idle: {
        on: {
          COUNT: {
            target: 'counting',
            actions: assign({
              n: ({ event }) => event.n,
              goods: ({ event }) => event.goods,
              armedAt: () => Date.now(),
            }),
          },
        },
      },
      counting: {
        after: {
          stocktake: {
            target: 'auditing',
            actions: assign({
              fired: ({ context: { fired, n, armedAt } }) => [...fired, { n, armedAt, firedAt: Date.now() }],
            }),
          },
        },
      },
      auditing: {
        invoke: {
          src: 'audit',
          input: ({ context }) => ({ n: context.n }),
          onDone: {
            target: 'idle',
            actions: [
              assign({ audited: ({ context }) => [...context.audited, context.n] }),
              sendParent(({ context }) => ({ type: 'COUNTED', n: context.n })),
            ],
          },
        },
      },
    },
  });

  return setup({
    types: { context: {} as ShopContext, events: {} as ShopEvent },
    actors: {
      stockroom,
      till: fromTransition(
        (state: { count: number; sum: number }, event: { type: 'ADD'; amount: number }) => ({
          count: state.count + 1,
          sum: state.sum + event.amount,
        }),
        { count: 0, sum: 0 },
      ),
      shelf,
      bell: fromCallback<{ type: 'RING'; n: number }>(({ receive, sendBack }) => {
        receive(({ n }) => {
          const rang = outside.ring(n);
          const tell = (): void => sendBack({ type: 'RANG', n });
          if (rang === undefined) tell();
          else void rang.then(tell);
        });
      }),
      deliver: fromPromise<Goods, { n: number }>(({ input }) => outside.fetch('deliver', input.n)),
    },
    actions: { report: (_, { n }: { n: number }) => outside.report(n) },
    delays: { alarm: delays.alarm },
  }).createMachine({
    id: 'shop',
    version: '1',
    type: 'parallel',
    context: {
      seen: [],
      lately: new Map(),
      rang: [],
      alarm: 0,
      armedAt: 0,
      fired: [],
      counted: [],
      dispatch: 0,
      delivered: [],
      cargo: undefined,
    },
    invoke: [
      { src: 'stockroom', id: 'stockroom' },
      { src: 'till', id: 'till' },
      { src: 'shelf', id: 'shelf' },
      { src: 'bell', id: 'bell' },
    ],
    on: {
      SELL: {
        actions: [
          assign({
            seen: ({ context, event }) => [...context.seen, event.n],
            lately: ({ context, event }) => withSale(context.lately, event.n, event.goods),
          }),
          sendTo('till', ({ event }) => ({ type: 'ADD', amount: amountOf(event.n) })),
          sendTo('shelf', ({ event }) => ({ type: 'put', n: event.n, goods: event.goods })),
          { type: 'report', params: ({ event }) => ({ n: event.n }) },
          sendTo('bell', ({ event }) => ({ type: 'RING', n: event.n })),
        ],
      },
      RANG: { actions: assign({ rang: ({ context, event }) => [...context.rang, event.n] }) },
      COUNT: { actions: sendTo('stockroom', ({ event }) => event) },
      COUNTED: { actions: assign({ counted: ({ context, event }) => [...context.counted, event.n] }) },
    },
    states: {
      alarm: {
        initial: 'idle',
        states: {
          idle: {
            on: {
              ARM: {
                target: 'armed',
                actions: assign({ alarm: ({ event }) => event.n, armedAt: () => Date.now() }),
              },
            },
          },
          armed: {
            after: {
              alarm: {
                target: 'idle',
                actions: assign({
                  fired: ({ context: { fired, alarm, armedAt } }) => [
                    ...fired,
                    { n: alarm, armedAt, firedAt: Date.now() },
                  ],
                }),
              },
            },
          },
        },
      },
      courier: {
        initial: 'idle',
        states: {
          idle: {
            on: { DISPATCH: { target: 'underway', actions: assign({ dispatch: ({ event }) => event.n }) } },
          },
          underway: {
            invoke: {
              src: 'deliver',
              input: ({ context }) => ({ n: context.dispatch }),
              onDone: {
                target: 'idle',
                actions: assign({
                  delivered: ({ context }) => [...context.delivered, context.dispatch],
                  cargo: ({ event }) => event.output,
                }),
              },
            },
          },
        },
      },
    },
  });
}
