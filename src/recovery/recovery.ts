/** Takes up what dead processes left: runs that were running, that are overdue, or that have messages. */
import type { Codec } from '../checkpoint/codec.ts';
import { RunLockedError } from '../errors.ts';
import { clearInbox } from '../inbox/clear-inbox.ts';
import type { Lease } from '../lease.ts';
import type { Borrow } from '../run/borrow.ts';
import type { RunCore } from '../run/run-core.ts';
import { isEnd } from '../run/status.ts';
import type { RunScan, Store, StoredRun } from '../store.ts';
import { unref } from '../unref.ts';
import { LONGEST_TIMEOUT, type Clock } from '../xstate/delays.ts';
import { MOVING } from './moving.ts';

/** What a recovery did. */
export interface RecoveryReport {
  /** The runs that go on here, until they are at rest. */
  readonly opened: readonly string[];
  /** Those that were opened too often without getting any further. `runtime.retry()` takes them up again. */
  readonly quarantined: readonly string[];
  /** Those that could not be opened, and why. They are as they were. */
  readonly failed: readonly { readonly run: string; readonly error: unknown }[];
}

/** How runs are recovered. */
export interface RecoverOptions {
  /** How many runs to open at a time. Default 10. */
  readonly concurrency?: number;
}

/** The runtime that recovers. */
export interface RecoveryContext {
  readonly store: Store;
  readonly lease: Lease;
  readonly inline: Codec;
  readonly clock: Clock;
  readonly logger: (...args: unknown[]) => void;
  /** How long to go without looking, in milliseconds. */
  readonly rest: number;
  isHeld(run: string): boolean;
}

const PAGE = 200;

export class Recovery {
  #due: unknown;
  #look: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  #concurrency: number | undefined;
  /** What asks the store at the moment. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly context: RecoveryContext,
    private readonly borrow: Borrow,
  ) {}

  /** Recovers now, and from now on whenever something is due. */
  recover({ concurrency = 10 }: RecoverOptions): Promise<RecoveryReport> {
    return this.#track(this.#recover(concurrency));
  }

  async #recover(concurrency: number): Promise<RecoveryReport> {
    const opened: string[] = [];
    const quarantined: string[] = [];
    const failed: { run: string; error: unknown }[] = [];
    const left = this.#left();
    const work = async (): Promise<void> => {
      while (!this.#isOver) {
        const next = await left.next();
        if (next.done || this.#isOver) return;
        const { run, status } = next.value;
        try {
          if (isEnd(status)) await clearInbox(this.context, run);
          else if ((await this.#open(run)) === 'quarantined') quarantined.push(run);
          else opened.push(run);
        } catch (error) {
          if (!(error instanceof RunLockedError)) failed.push({ run, error });
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    this.#concurrency = concurrency;
    this.#lookLater();
    await this.#setTimer();
    return { opened, quarantined, failed };
  }

  #open(run: string): Promise<string> {
    return this.borrow(run, async (core) => {
      if (!core.isClosed) await this.#drain(core);
      return core.status;
    });
  }

  /** A delivery that takes for ever, for an asynchronous schema, must not keep the others. */
  async #drain(core: RunCore): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = unref(setTimeout(resolve, this.context.rest))));
    const gone = core.until(() => core.isClosed);
    await Promise.race([core.drain(), gone, late]).finally(() => clearTimeout(timer));
  }

  /** Each run that needs somebody, once, and none that is held here. */
  async *#left(): AsyncGenerator<StoredRun> {
    const seen = new Set<string>();
    const scans: Omit<RunScan, 'limit'>[] = [
      { status: ['running'] },
      { dueTo: this.context.clock.now() },
      { undelivered: true, status: MOVING },
    ];
    for (const scan of scans)
      for await (const stored of this.#scan(scan)) {
        if (seen.has(stored.run) || this.context.isHeld(stored.run)) continue;
        if (!MOVING.includes(stored.status)) continue;
        seen.add(stored.run);
        yield stored;
      }
  }

  async *#scan(scan: Omit<RunScan, 'limit'>): AsyncGenerator<StoredRun> {
    const { store } = this.context;
    // What is ordered by the time when it is due cannot be continued, and is not there any more once it was opened.
    if (scan.dueTo !== undefined) {
      for (let limit = PAGE; ; limit *= 2) {
        const page = await store.runs({ ...scan, limit });
        yield* page;
        if (page.length < limit) return;
      }
    }
    for (let after: StoredRun | undefined; ;) {
      const page = await store.runs({ ...scan, after, limit: PAGE });
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }

  // --- From now on

  /** A run has left this runtime: it may be the next one that is due. */
  runLeft(): void {
    if (this.#concurrency !== undefined) this.#track(this.#setTimer()).catch(this.context.logger);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const forget = (): void => void this.#underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  readonly #again = (): void => {
    this.recover({ concurrency: this.#concurrency! }).catch((error: unknown) => {
      this.context.logger('Savepoint could not recover runs; it is tried again.', error);
      this.#lookLater();
    });
  };

  /** For what another process may have left. Not put off by runs that come and go here. */
  #lookLater(): void {
    clearTimeout(this.#look);
    if (!this.#isOver) this.#look = unref(setTimeout(this.#again, this.context.rest));
  }

  /** One timer for the next run that is due. */
  async #setTimer(): Promise<void> {
    if (this.#isOver) return;
    const { clock } = this.context;
    const due = await this.#nextDue();
    clock.clearTimeout(this.#due);
    if (due === undefined || this.#isOver) return;
    const wait = Math.min(Math.max(1, due - clock.now()), LONGEST_TIMEOUT);
    this.#due = clock.setTimeout(this.#again, wait);
  }

  /** What is overdue and still there is held by somebody, or cannot be opened: that is looked at now and then. */
  async #nextDue(): Promise<number | undefined> {
    const { store, clock } = this.context;
    const now = clock.now();
    for (let limit = 10; ; limit *= 2) {
      const page = await store.runs({ dueTo: Number.MAX_SAFE_INTEGER, limit });
      const next = page.find(({ run, due }) => !this.context.isHeld(run) && due! > now);
      if (next || page.length < limit) return next?.due;
    }
  }

  /** Takes up no more runs. Resolves when nothing asks the store any more. */
  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#look);
    this.context.clock.clearTimeout(this.#due);
    await Promise.allSettled(this.#underWay);
  }
}
