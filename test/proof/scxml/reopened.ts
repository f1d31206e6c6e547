/** A case as a durable run that is released and opened anew, as by a new process, after every event. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createRuntime,
  NotSerializableError,
  RunClosedError,
  type Run,
  type Runtime,
  type Store,
} from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { sqliteStore } from 'savepoint/sqlite';
import { runsByItself, type Case } from './cases.ts';
import { toMachine } from './convert/to-machine.ts';
import { isSame, see, show, type Window } from './sight.ts';

export type Result =
  | { readonly kind: 'same' }
  /** The run was refused: its context cannot be stored. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'different'; readonly why: string };

/** How a store is come back to. */
interface Shelf {
  /** A store object over what is stored. */
  reach(): Store;
  leave(store: Store): void | Promise<void>;
  clear(): void;
}

export type Shelves = () => Shelf;

/** One store object for all, as what it keeps is gone with it. */
export const inMemory: Shelves = () => {
  const store = memoryStore();
  return { reach: () => store, leave: () => {}, clear: () => {} };
};

/** One file, and a store object of its own for each opening. */
export const inSqlite: Shelves = () => {
  const folder = mkdtempSync(join(tmpdir(), 'savepoint-scxml-'));
  return {
    reach: () => sqliteStore(join(folder, 'runs.db'), { synchronous: 'normal' }),
    leave: (store) => store.close(),
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
};

class Different extends Error {}

/** How late a delay may be on a busy machine, in milliseconds. */
const PATIENCE = 3_000;

/** Runs the case and compares. `reopenings`: how often the run is opened anew while its case waits. */
export async function runReopened(
  test: Case,
  windows: readonly Window[],
  shelves: Shelves,
  reopenings: number,
): Promise<Result> {
  const shelf = shelves();
  const opened = new ReopenedRun(test, shelf, reopenings);
  try {
    await opened.start();
    for (const [at, window] of windows.entries()) {
      // The first window is that of the start.
      if (at > 0) {
        const { after, event } = test.events[at - 1]!;
        if (after) await opened.comeTo(windows[at - 1]!, after);
        opened.where = `event ${at} (${event.name})`;
        await opened.send(event.name);
      }
      opened.expect(window);
      await opened.reopen();
      opened.expect(window);
    }
    if (runsByItself(test)) await opened.comeTo(windows[0]!, 0);
    return { kind: 'same' };
  } catch (error) {
    if (error instanceof NotSerializableError) return { kind: 'refused' };
    const why = error instanceof Different ? error.message : `${opened.where}: ${String(error)}`;
    return { kind: 'different', why };
  } finally {
    await opened.leave().catch(() => {});
    shelf.clear();
  }
}

/** The run, over its releases. */
class ReopenedRun {
  /** How far it is, for what is said of a difference. */
  where = 'start';
  readonly #test: Case;
  readonly #shelf: Shelf;
  readonly #reopenings: number;
  #store: Store;
  #runtime: Runtime;
  #run: Run | undefined;

  constructor(test: Case, shelf: Shelf, reopenings: number) {
    this.#test = test;
    this.#shelf = shelf;
    this.#reopenings = reopenings;
    this.#store = shelf.reach();
    this.#runtime = createRuntime({ store: this.#store, logger: () => {} });
  }

  async start(): Promise<void> {
    this.#run = await this.#runtime.start(this.#machine(), { id: this.#test.name });
  }

  async reopen(): Promise<void> {
    await this.#current.release();
    await this.leave();
    this.#store = this.#shelf.reach();
    this.#runtime = createRuntime({ store: this.#store, logger: () => {} });
    this.#run = await this.#runtime.open(this.#machine(), this.#test.name);
  }

  async leave(): Promise<void> {
    await this.#runtime.close({ grace: 0 });
    await this.#shelf.leave(this.#store);
  }

  async send(type: string): Promise<void> {
    try {
      await this.#current.send({ type });
    } catch (error) {
      // Bare XState ignores an event that comes after the end.
      if (!(error instanceof RunClosedError) || this.#current.getSnapshot().status === 'active') throw error;
    }
  }

  /** Is what is seen now something that bare XState showed in the window? */
  expect(window: Window): void {
    const now = see(this.#current.getSnapshot());
    if (!window.some((seen) => isSame(seen, now)))
      throw new Different(`${this.where}: ${show(now)}, bare: ${show(window.at(-1)!)}`);
  }

  /**
   * Waits so many milliseconds, and then for what bare XState showed last in the window. On the way the run
   * is opened anew again and again: a delay that began from the beginning each time would never be over.
   */
  async comeTo(window: Window, wait: number): Promise<void> {
    const began = performance.now();
    const pause = Math.max(wait, PATIENCE) / this.#reopenings;
    for (let waited = 0; waited < wait + PATIENCE; waited = performance.now() - began) {
      if (waited >= wait && isSame(see(this.#current.getSnapshot()), window.at(-1)!)) break;
      await sleep(pause);
      this.where = `after ${Math.round(performance.now() - began)} ms`;
      this.expect(window);
      await this.reopen();
      this.expect(window);
    }
    this.expect(window.slice(-1));
  }

  get #current(): Run {
    return this.#run!;
  }

  /** Made anew each time, as a new process would. */
  #machine() {
    return toMachine(this.#test.source);
  }
}
