/** The small engine: asks the store itself what needs somebody. For any store. */
import type { Engine, Work, Worked, Working } from './engine.ts';

/**
 * An engine that looks into the store: as soon as something is due, when the store tells that there may be something, and
 * every `limits.poll` milliseconds. Needs nothing but the store.
 *
 * @example
 * const worker = createWorker({ runtime, engine: polling() });
 */
export function polling(): Engine {
  return { start: async (work) => new Polling(work).start() };
}

class Polling implements Working {
  readonly #busy = new Map<string, Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> | undefined;
  /** Was there a reason to look again while it looked? */
  #isWoken = false;
  #isOver = false;
  /** Did others get what we wanted? Then we look for more than we take, and take any of it. */
  #isCrowded = false;
  #mute: (() => unknown) | undefined;

  constructor(private readonly work: Work) {}

  async start(): Promise<this> {
    this.#mute = await this.work.listen(() => this.#wake());
    this.#wake();
    return this;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#mute?.();
    await this.#looking;
    await Promise.all(this.#busy.values());
  }

  readonly #wake = (): void => {
    this.#isWoken = true;
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#isWoken) this.#wake();
    });
  };

  async #look(): Promise<void> {
    let wait = this.work.poll;
    try {
      for (this.#isWoken = true; this.#isWoken && !this.#isOver;) {
        this.#isWoken = false;
        await this.#take();
      }
      const due = await this.work.nextDue();
      if (due !== undefined) wait = Math.min(wait, Math.max(1, due - Date.now()));
    } catch (error) {
      this.work.logger('Savepoint could not look for runs to work on; it is tried again.', error);
    }
    if (!this.#isOver) this.#timer = setTimeout(this.#wake, wait);
  }

  /** Takes as many runs as there is room for. When one is done with there is room for the next. */
  async #take(): Promise<void> {
    const room = this.work.concurrency - this.#busy.size;
    if (room <= 0) return;
    const wanted = this.#isCrowded ? room * 8 : room;
    const found = (await this.work.needy(wanted + this.#busy.size)).filter((run) => !this.#busy.has(run));
    if (this.#isCrowded) shuffle(found);
    this.#isCrowded = false;
    for (const run of found.slice(0, room)) {
      if (this.#isOver) return;
      this.#busy.set(run, this.#run(run));
    }
  }

  async #run(run: string): Promise<void> {
    const worked: Worked = await this.work.run(run);
    this.#busy.delete(run);
    if (worked.status === 'held') this.#isCrowded = true;
    if (worked.status === 'failed')
      this.work.logger(`Savepoint could not work on run '${run}'; it is tried again.`, worked.error);
    this.#wake();
  }
}

function shuffle(items: string[]): void {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
}
