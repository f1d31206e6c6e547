/** The process that is killed: holds one run of the shop, and does to it what it is told. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Run } from 'savepoint';
import { goodsOf, type Goods } from '../goods.ts';
import { openLedger } from '../ledger.ts';
import { openPlace, type Place } from '../place.ts';
import type { Loaded } from '../worker-process.ts';
import { makeShop, type Fired, type Outside, type ShopEvent } from './machine.ts';

export interface Sent {
  readonly id: string;
  readonly event: ShopEvent;
}

/** What it is told. It starts, waits for `open`, and knows nothing before: so it can be kept ready. */
export type Order =
  | { readonly open: Opening }
  /** All in one job: their turns are one commit. */
  | { readonly send: readonly Sent[] }
  | { readonly end: true };

interface Opening {
  readonly place: Place;
  /** Where its ledger is. */
  readonly folder: string;
  readonly run: string;
  readonly life: number;
}

/** The state of the shop and of all its actors. */
export interface State {
  readonly seq: number;
  readonly seen: readonly number[];
  readonly lately: ReadonlyMap<number, Goods>;
  readonly rang: readonly number[];
  readonly fired: readonly Fired[];
  readonly delivered: readonly number[];
  readonly cargo: Goods | undefined;
  readonly counted: readonly number[];
  readonly dispatch: number;
  readonly till: { readonly count: number; readonly sum: number };
  readonly shelf: { readonly count: number; readonly newest: number; readonly goods: Goods | undefined };
  readonly stockroom: {
    readonly n: number;
    readonly goods: Goods | undefined;
    readonly fired: readonly Fired[];
    readonly audited: readonly number[];
  };
}

/** What is begun by an event and over later. */
export type Job = 'ARM' | 'COUNT' | 'DISPATCH';

export type Answer =
  | { readonly ready: State; readonly at: number }
  | {
      readonly receipt: { readonly id: string; readonly accepted: boolean; readonly seq: number | undefined };
    }
  | { readonly over: Job; readonly n: number }
  | { readonly ended: State }
  /** The process stood still for so many milliseconds: the machine or the disk had other things to do. */
  | { readonly stalled: number }
  | { readonly fault: string };

type Shop = ReturnType<typeof makeShop>;

const tell = (answer: Answer): void => void process.send?.(answer);
const fault = (error: unknown): void =>
  tell({ fault: error instanceof Error ? (error.stack ?? '') : String(error) });

let end = async (): Promise<void> => {};
let run: Run<Shop> | undefined;

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => {
  if ('open' in order) void open(order.open).catch(fault);
  else if ('send' in order) for (const sent of order.send) void send(sent).catch(fault);
  else void end().catch(fault);
});

async function open({ place, folder, run: id, life }: Opening): Promise<void> {
  tellStalls();
  const opened = openPlace(place);
  const ledger = openLedger(join(folder, 'ledger'), life);
  const witness = opened.another();
  /** Writes it down with the seq of the event that caused it: at once where the store answers at once. */
  const note = (what: string, n: number, event: string): void | Promise<void> => {
    const write = ([row]: readonly { readonly value: unknown }[]): void =>
      ledger(what, n, Number(row?.value ?? 0));
    const rows = witness.rows(id, 'event', { key: event });
    return rows instanceof Promise ? rows.then(write) : write(rows);
  };
  const outside: Outside = {
    report: (n) => note('report', n, `SELL-${n}`),
    ring: (n) => note('ring', n, `SELL-${n}`),
    fetch: async (what, n) => {
      await sleep(Math.random() * 40);
      await note(what, n, what === 'deliver' ? `DISPATCH-${n}` : `COUNT-${n}`);
      await sleep(Math.random() * 40);
      return goodsOf(n);
    },
  };
  const shop = makeShop(outside);
  // With the usual lease: a process that was killed is known to be gone before that ends.
  const runtime = createRuntime({ store: opened.store, machines: [shop] });
  run = await runtime.ensure(shop, { id });
  const mine = run;
  watch(mine, ledger);
  await mine.flush();
  tell({ ready: await stateOf(mine), at: Date.now() });
  end = async () => {
    await mine.flush();
    const state = await stateOf(mine);
    await runtime.close();
    await opened.close();
    process.send?.({ ended: state } satisfies Answer, () => process.exit());
  };
}

async function send({ id, event }: Sent): Promise<void> {
  const { accepted = false, seq } = await run!.send(event, { id });
  tell({ receipt: { id, accepted, seq } });
}

/** Notes each outcome as soon as a committed snapshot shows it. */
function watch(run: Run<Shop>, ledger: ReturnType<typeof openLedger>): void {
  const noted = { ARM: 0, COUNT: 0, DISPATCH: 0 };
  const look = (): void => {
    const { fired, counted, delivered } = run.getSnapshot().context;
    const over = { ARM: fired.at(-1)?.n ?? 0, COUNT: counted.at(-1) ?? 0, DISPATCH: delivered.at(-1) ?? 0 };
    for (const job of ['ARM', 'COUNT', 'DISPATCH'] as const) {
      const n = over[job];
      if (n === noted[job]) continue;
      noted[job] = n;
      ledger(`over:${job}`, n, run.seq);
      tell({ over: job, n });
    }
  };
  look();
  run.subscribe(look);
}

/** All of it at one instant: on a store that takes its time, live children are ahead of what is committed of the root. */
async function stateOf(run: Run<Shop>): Promise<State> {
  const { seq } = run;
  const { context, children } = (await run.checkpoint(seq)).snapshot as StoredShop;
  const { till, shelf, stockroom } = children;
  if (!till || !shelf || !stockroom) throw new Error('An actor of the shop is missing.');
  const { seen, lately, rang, fired, delivered, cargo, counted, dispatch } = context;
  return {
    ...{ seq, seen, lately, rang, fired, delivered, cargo, counted, dispatch },
    till: till.snapshot.context,
    shelf: shelf.snapshot.context,
    stockroom: stockroom.snapshot.context,
  };
}

interface StoredShop {
  readonly context: Omit<State, 'seq' | 'till' | 'shelf' | 'stockroom'>;
  readonly children: {
    readonly till?: { readonly snapshot: { readonly context: State['till'] } };
    readonly shelf?: { readonly snapshot: { readonly context: State['shelf'] } };
    readonly stockroom?: { readonly snapshot: { readonly context: State['stockroom'] } };
  };
}

/** How often it looks whether it stood still, and what of that is usual, in milliseconds. */
const beat = 50;
const usual = 100;

function tellStalls(): void {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const stalled = now - last - beat;
    last = now;
    if (stalled > usual) tell({ stalled });
  }, beat).unref();
}

process.send?.({ loaded: true } satisfies Loaded);
