/** One of two processes that want the same run. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, RunLockedError, StoreError, type Run, type Runtime } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import { openLedger } from '../ledger.ts';
import type { Loaded } from '../worker-process.ts';
import { makeKiosk } from './machine.ts';

/** Who it is, and where. */
export interface Place {
  readonly folder: string;
  readonly who: string;
  /** In milliseconds. */
  readonly lease: number;
  /** How long its promise takes, in milliseconds. */
  readonly fetching: number;
}

export type Order =
  /** Makes a runtime, without opening anything. */
  | { readonly prepare: Place }
  | { readonly open: { readonly wait: number } }
  | { readonly fetch: true }
  | { readonly serve: number }
  /** Serves some in one job, and stops itself before their turns are committed, or between two of their effects. */
  | { readonly freeze: 'turn' | 'effect' }
  /** Serves until it cannot any more. */
  | { readonly flood: true }
  | { readonly end: true };

/** What became of a send: its seq, or the name of the error. */
export type Sent = number | string;

export type Answer =
  | { readonly prepared: true }
  /** Busy: the file is locked by a write. */
  | { readonly opened: number | 'busy' }
  | { readonly locked: { readonly holder: string; readonly until: number; readonly ms: number } }
  | { readonly fetching: true }
  | { readonly served: readonly Sent[] }
  | {
      readonly ended: {
        readonly seq: number;
        readonly served: readonly string[];
        readonly fetched: readonly string[];
      };
    }
  | { readonly fault: string };

type Kiosk = ReturnType<typeof makeKiosk>;

const id = 'corner';
const tell = (answer: Answer): void => void process.send?.(answer);
const stop = (): void => void process.kill(process.pid, 'SIGSTOP');

let who = '';
let kiosk: Kiosk;
let runtime: Runtime;
let run: Run<Kiosk>;
let count = 0;
let stopsInEffect = false;

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    tell({ fault: `${who}: ${error instanceof Error ? error.stack : String(error)}` });
  });
});

async function obey(order: Order): Promise<void> {
  if ('prepare' in order) {
    prepare(order.prepare);
    tell({ prepared: true });
  } else if ('open' in order) await open(order.open.wait);
  else if ('fetch' in order) {
    await run.send({ type: 'FETCH' }, { by: who });
    tell({ fetching: true });
  } else if ('serve' in order) tell({ served: await Promise.all(some(order.serve)) });
  else if ('freeze' in order) {
    stopsInEffect = order.freeze === 'effect';
    const sent = some(3);
    if (order.freeze === 'turn') stop();
    tell({ served: await Promise.all(sent) });
  } else if ('flood' in order) {
    const sent: Sent[] = [];
    while (typeof (sent.at(-1) ?? 0) === 'number') {
      sent.push(...(await Promise.all(some(3))));
      // Else it would always be in the middle of a write.
      await sleep(Math.random() * 10);
    }
    tell({ served: sent });
  } else {
    await run.settled();
    const { served, fetched } = run.getSnapshot().context;
    tell({ ended: { seq: run.seq, served, fetched } });
  }
}

function prepare(place: Place): void {
  ({ who } = place);
  const ledger = openLedger(join(place.folder, 'ledger'), 0);
  kiosk = makeKiosk({
    greet: (n) => {
      ledger(`greet:${who}`, n, 0);
      if (stopsInEffect) stop();
      stopsInEffect = false;
    },
    thank: (n) => ledger(`thank:${who}`, n, 0),
    fetch: async () => {
      ledger(`fetch:${who}`, 0, 0);
      await sleep(place.fetching);
      return who;
    },
  });
  const store = sqliteStore(join(place.folder, 'kiosk.db'), { synchronous: 'full' });
  runtime = createRuntime({ store, machines: [kiosk], limits: { lease: place.lease } });
}

async function open(wait: number): Promise<void> {
  const asked = performance.now();
  try {
    run = await runtime.ensure(kiosk, { id, wait });
    tell({ opened: run.seq });
  } catch (error) {
    if (error instanceof StoreError && isBusy(error.cause)) return tell({ opened: 'busy' });
    if (!(error instanceof RunLockedError)) throw error;
    tell({ locked: { holder: error.holder, until: error.until.getTime(), ms: performance.now() - asked } });
  }
}

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_BUSY';

/** Serves so many, all in one job. */
function some(howMany: number): Promise<Sent>[] {
  return Array.from({ length: howMany }, () =>
    run.send({ type: 'SERVE', who, n: ++count }, { by: who }).then(
      ({ seq }) => seq ?? 'ignored',
      (error: Error) => error.name,
    ),
  );
}

process.send?.({ loaded: true } satisfies Loaded);
