/** What a worker does: opens a run, lets it do what it has to do, and lets go of it at rest. */
import { clearInbox } from '../inbox/clear-inbox.ts';
import { RunClosedError, RunLockedError, RunNotFoundError } from '../errors.ts';
import type { Holding } from '../run/holding.ts';
import type { Machines } from '../machines.ts';
import type { RunContext, RunCore } from '../run/run-core.ts';
import { isEnd } from '../run/status.ts';
import type { Awaitable } from '../store.ts';
import type { Work, Worked } from './engine.ts';
import { LONGEST_TIMEOUT } from '../xstate/delays.ts';
import { Needy } from './needy.ts';

/** The runtime whose runs are worked on. */
export interface WorkContext {
  readonly context: RunContext;
  readonly holding: Holding;
  readonly machines: Machines;
  /** In milliseconds. */
  readonly poll: number;
  readonly lease: number;
}

/** How long a run goes on before it is the others' turn, in milliseconds; what runs then is waited for. */
const SHARE = 1000;
/** How long one is left alone that could not be opened, in milliseconds: doubled each time. */
const FIRST_REST = 1000;
const LAST_REST = 5 * 60_000;

export class RunWork implements Work {
  readonly poll: number;
  readonly lease: number;
  readonly #needy: Needy;
  /** Runs that could not be opened: how long they are left alone, and until when. */
  readonly #failed = new Map<string, { readonly rest: number; readonly until: number }>();
  readonly #busy = new Set<RunCore>();
  #isOver = false;

  constructor(
    private readonly runtime: WorkContext,
    readonly concurrency: number,
  ) {
    const { context, machines, poll, lease } = runtime;
    this.poll = poll;
    this.lease = lease;
    this.#needy = new Needy({ store: context.store, clock: context.clock, machines }, (run) =>
      this.#isAvoided(run),
    );
  }

  get logger(): (...args: unknown[]) => void {
    return this.runtime.context.logger;
  }

  needy(limit: number): Promise<string[]> {
    return this.#needy.find(limit);
  }

  nextDue(): Promise<number | undefined> {
    return this.#needy.nextDue();
  }

  async listen(wake: (run: string) => void): Promise<() => Awaitable<void>> {
    return (await this.runtime.context.store.listen?.(wake)) ?? (() => {});
  }

  async run(id: string): Promise<Worked> {
    const { holding } = this.runtime;
    // Whoever opened it here has it go on.
    if (holding.find(id)?.isKept) return { status: 'held', until: Date.now() + this.lease };
    try {
      const worked = await this.#share(id);
      this.#failed.delete(id);
      return worked;
    } catch (error) {
      if (error instanceof RunLockedError) return { status: 'held', until: error.until.getTime() };
      if (error instanceof RunNotFoundError) return { status: 'gone' };
      // It was taken from us in the middle: whoever has it now goes on.
      if (error instanceof RunClosedError) return { status: 'again' };
      this.#failed.set(id, this.#restAfter(id));
      return { status: 'failed', error };
    }
  }

  async #share(id: string): Promise<Worked> {
    const { context, holding } = this.runtime;
    let core!: RunCore;
    let due: number | undefined;
    await holding.borrow(id, async (borrowed) => {
      core = borrowed;
      if (core.isClosed) return;
      this.#busy.add(core);
      if (this.#isOver) core.yield();
      const share = setTimeout(() => {
        if (!holding.find(id)?.isKept) core.yield();
      }, SHARE);
      try {
        await core.drain();
        await core.until(() => core.isAtRest || core.leaving !== undefined);
        ({ due } = core);
      } finally {
        clearTimeout(share);
        this.#busy.delete(core);
      }
    });
    await core.leaving?.catch(() => {});
    if (isEnd(core.status)) {
      await clearInbox(context, id);
      return { status: 'gone' };
    }
    return core.yields ? { status: 'again' } : { status: 'rest', due };
  }

  /**
   * Has every run let go of as soon as nothing runs in it; what still runs after `grace` milliseconds is cut off. `ended`:
   * when there is none any more.
   */
  async windDown(grace: number, ended: Promise<unknown>): Promise<void> {
    this.#isOver = true;
    for (const core of this.#busy) core.yield();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(grace, LONGEST_TIMEOUT))));
    await Promise.race([over, ended]).finally(() => clearTimeout(timer));
    await Promise.all([...this.#busy].map((core) => core.release()));
  }

  #isAvoided(run: string): boolean {
    const failed = this.#failed.get(run);
    return failed !== undefined && failed.until > performance.now();
  }

  #restAfter(run: string): { rest: number; until: number } {
    const rest = Math.min(LAST_REST, (this.#failed.get(run)?.rest ?? FIRST_REST / 2) * 2);
    return { rest, until: performance.now() + rest };
  }
}
