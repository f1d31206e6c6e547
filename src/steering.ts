/** Calls that steer runs, wherever they are: open here, held by another process, or by nobody. */
import { here } from './borrow.ts';
import { commitAlone } from './commit-alone.ts';
import { RunClosedError, RunLockedError, RunNotFoundError } from './errors.ts';
import type { Holding } from './holding.ts';
import { CONTROL, controlId, type Control } from './mail.ts';
import { enqueue } from './queue.ts';
import type { RunContext } from './run-core.ts';
import { headOf, readMore, type Paused } from './run-info.ts';
import { isEnd, whyOver } from './standing.ts';
import type { StoredRun } from './store.ts';

/** Who steers, and why. */
interface Said {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

export class Steering {
  constructor(
    private readonly context: RunContext,
    private readonly holding: Holding,
    /** How often to look whether another process has done what it was told, in milliseconds. */
    private readonly poll: number,
  ) {}

  /** Resolves when nothing starts any more. */
  async pause(id: string, said: Said): Promise<void> {
    const message = controlId();
    for (let isTold = false; ;) {
      const stored = await this.#stored(id);
      const { paused, error, cancelled } = readMore(stored);
      if (isEnd(stored.status)) throw new RunClosedError(id, whyOver(error, cancelled));
      const core = this.holding.find(id)?.core;
      try {
        if (core) return await core.pausing.pause(said);
        if (paused || (isTold && !(await this.#waits(id, message)))) return;
        const since = { ...said, at: this.context.clock.now() };
        if (await this.holding.take(id, (fence) => this.#pauseFree(id, fence, since, message))) return;
        continue;
      } catch (reason) {
        // Its holder lets go of it at this moment.
        if (core?.isReleased && reason instanceof RunClosedError) continue;
        if (!(reason instanceof RunLockedError)) throw reason;
      }
      if (!isTold) await this.#tell(id, message, { type: 'pause', ...said });
      isTold = true;
      await this.#awhile();
    }
  }

  /** One that nobody has open: its actors are not needed for that. */
  async #pauseFree(run: string, fence: number, paused: Paused, take: string): Promise<void> {
    const stored = await this.#stored(run);
    const more = readMore(stored);
    if (isEnd(stored.status)) throw new RunClosedError(run, whyOver(more.error, more.cancelled));
    const head = { ...headOf(stored), status: 'paused', due: undefined } as const;
    const said = more.paused ? stored.more : JSON.stringify({ ...more, paused });
    await commitAlone(this.context, {
      run,
      fence,
      head: { ...head, more: said },
      take: [take],
      release: true,
    });
  }

  /** Resolves when the run goes on, or its machine is not known here: then whoever recovers runs goes on with it. */
  async resume(id: string, said: Said): Promise<void> {
    const message = controlId();
    for (let isTold = false; ;) {
      const stored = await this.#stored(id);
      if (isEnd(stored.status)) return;
      const isPaused =
        readMore(stored).paused !== undefined || this.holding.find(id)?.core.pausing.isPaused === true;
      // It may be about to be paused by somebody who has it.
      if (!isPaused && (isTold || !(await this.#isTold(id)))) return;
      if (isPaused && (await this.#resumeHere(id))) return;
      if (isTold && !(await this.#waits(id, message))) return;
      if (!isTold) await this.#tell(id, message, { type: 'resume', ...said });
      isTold = true;
      if (await this.#list(id)) return;
      await this.#awhile();
    }
  }

  async #resumeHere(id: string): Promise<boolean> {
    const resumed = await here(this.holding.borrow, id, async (core) => {
      await core.pausing.resume();
      return true;
    });
    return resumed ?? false;
  }

  async cancel(id: string, said: Said): Promise<void> {
    const cancelled = await here(this.holding.borrow, id, async (core) => {
      await core.cancel(said);
      return true;
    });
    if (cancelled) return;
    await this.#tell(id, controlId(), { type: 'cancel', ...said });
    await this.#list(id);
  }

  /** Leaves a call for whoever has the run. */
  async #tell(run: string, message: string, control: Control): Promise<void> {
    await enqueue(this.context, run, message, control);
  }

  /**
   * One that is paused, that nobody has open, and that cannot be opened here: it is listed as one that has something to do.
   * False: somebody has it.
   */
  async #list(id: string): Promise<boolean> {
    try {
      return await this.holding.take(id, async (fence) => {
        const stored = await this.#stored(id);
        const isPaused = readMore(stored).paused !== undefined;
        const head = isPaused ? ({ ...headOf(stored), status: 'running' } as const) : undefined;
        await commitAlone(this.context, { run: id, fence, head, release: true });
      });
    } catch (error) {
      if (error instanceof RunLockedError) return false;
      throw error;
    }
  }

  /** Does a call wait for whoever has the run? */
  async #isTold(run: string): Promise<boolean> {
    return (await this.context.store.rows(run, 'inbox', { prefix: CONTROL, limit: 1 })).length > 0;
  }

  async #waits(run: string, message: string): Promise<boolean> {
    return (await this.context.store.rows(run, 'inbox', { key: message })).length > 0;
  }

  async #stored(run: string): Promise<StoredRun> {
    const [stored] = await this.context.store.runs({ run, limit: 1 });
    if (!stored) throw new RunNotFoundError(run);
    return stored;
  }

  #awhile(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.poll));
  }
}
