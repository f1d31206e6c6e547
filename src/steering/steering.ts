/** Calls that steer runs, wherever they are: open here, held by another process, or by nobody. */
import { RunClosedError, RunLockedError, RunNotFoundError } from '../errors.ts';
import { CONTROL, controlId, decodeMail, type Control } from '../inbox/mail.ts';
import { enqueue } from '../inbox/queue.ts';
import { here } from '../run/borrow.ts';
import type { Holding } from '../run/holding.ts';
import type { RunContext, RunCore } from '../run/run-core.ts';
import { headOf, readMore, type Paused } from '../run/run-info.ts';
import { isEnd, whyOver } from '../run/status.ts';
import type { StoredRun } from '../store.ts';
import { commitAlone } from '../turns/commit-alone.ts';

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
      // First: what somebody has said before is either found waiting, or seen to be done.
      const isSteered = await this.#isTold(id);
      const stored = await this.#stored(id);
      const { paused, error, cancelled } = readMore(stored);
      if (isEnd(stored.status)) throw new RunClosedError(id, whyOver(error, cancelled));
      const core = this.holding.find(id)?.core;
      try {
        if (core) return await this.#pauseHere(core, said);
        // It may be about to go on, as somebody has said so before.
        if (isTold ? !(await this.#waits(id, message)) : paused && !isSteered) return;
        const since = { ...said, at: this.context.clock.now() };
        if (await this.holding.take(id, (fence) => this.#pauseFree(id, fence, since))) return;
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

  /** One that is open here. That it is to go on, which somebody left for it before, comes first. */
  async #pauseHere(core: RunCore, said: Said): Promise<void> {
    if (core.pausing.isHeldBack && (await this.#isTold(core.id))) await core.drain();
    await core.pausing.pause(said);
  }

  /** One that nobody has open: its actors are not needed for that. That it is to go on, say, counts no more. */
  async #pauseFree(run: string, fence: number, paused: Paused): Promise<void> {
    const stored = await this.#stored(run);
    const more = readMore(stored);
    if (isEnd(stored.status)) throw new RunClosedError(run, whyOver(more.error, more.cancelled));
    const said: Control[] = [];
    const take: string[] = [];
    for (const { key, value } of await this.context.store.rows(run, 'inbox', { prefix: CONTROL })) {
      const control = (await decodeMail(this.context.inline, value as string)) as Control;
      said.push(control);
      if (control.type !== 'cancel') take.push(key);
    }
    const since = said.some(({ type }) => type === 'resume') ? paused : (more.paused ?? paused);
    // One that is to be cancelled is listed as one that has something to do.
    const status = take.length < said.length ? 'running' : 'paused';
    await commitAlone(this.context, {
      run,
      fence,
      head: { ...headOf(stored), status, due: undefined, more: JSON.stringify({ ...more, paused: since }) },
      take,
      release: true,
    });
  }

  /** Resolves when the run goes on, or its machine is not known here: then whoever recovers runs goes on with it. */
  async resume(id: string, said: Said): Promise<void> {
    const message = controlId();
    for (let isTold = false; ;) {
      const isSteered = await this.#isTold(id);
      const stored = await this.#stored(id);
      if (isEnd(stored.status)) return;
      const isPaused =
        readMore(stored).paused !== undefined || this.holding.find(id)?.core.pausing.isPaused === true;
      // It may be about to be paused by somebody who has it.
      if (!isPaused && (isTold || !isSteered)) return;
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
