/**
 * Finds the runs that need somebody: overdue ones, those with messages, and those that a dead process left. Asked again
 * and again it comes by all of them, so that a run which always has work does not keep the others waiting.
 */
import type { Machines } from '../machines.ts';
import { MOVING } from '../recovery/moving.ts';
import { isEnd } from '../run/status.ts';
import type { RunScan, Store, StoredRun } from '../store.ts';
import type { Clock } from '../xstate/delays.ts';

/** What it needs of a runtime. */
interface NeedyContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly machines: Machines;
}

/** Is a run to be left alone for now? */
type Avoided = (run: string) => boolean;

/** How many runs to look at for each that is wanted: some are not for us, and other processes look as well. */
const LOOK = 4;
/** How many runs to look at, at the most. */
const MOST = 2000;

export class Needy {
  readonly #left = new Round({ status: ['running'] });
  readonly #undelivered = new Round({ undelivered: true, status: MOVING });

  constructor(
    private readonly context: NeedyContext,
    private readonly avoided: Avoided,
  ) {}

  /** At most `limit` runs. The three kinds take turns. */
  async find(limit: number): Promise<string[]> {
    const { store } = this.context;
    const kinds = await Promise.all([
      this.#due(limit),
      this.#undelivered.next(store, limit, this.#isForUs),
      this.#left.next(store, limit, this.#isForUs),
    ]);
    const found = new Set<string>();
    for (let at = 0; found.size < limit && kinds.some((kind) => at < kind.length); at++)
      for (const kind of kinds) if (at < kind.length && found.size < limit) found.add(kind[at]!);
    return [...found];
  }

  /** Those that were due first come first. One that was worked on is due later than the others then. */
  async #due(wanted: number): Promise<string[]> {
    const { store, clock } = this.context;
    for (let limit = wanted * LOOK; ; limit *= LOOK) {
      const page = await store.runs({ dueTo: clock.now(), free: true, limit });
      const found = page.filter(this.#isForUs);
      if (found.length >= wanted || page.length < limit || limit >= MOST)
        return found.slice(0, wanted).map(({ run }) => run);
    }
  }

  /** When the next one is due that nobody holds. */
  async nextDue(): Promise<number | undefined> {
    const { store, clock } = this.context;
    const now = clock.now();
    for (let limit = 10; ; limit *= LOOK) {
      const page = await store.runs({ dueTo: Number.MAX_SAFE_INTEGER, free: true, limit });
      const next = page.find((one) => one.due! > now && this.#isForUs(one));
      if (next || page.length < limit || limit >= MOST) return next?.due;
    }
  }

  /** A run whose machine is not known here is another process's. */
  readonly #isForUs = ({ run, machine, version, status }: StoredRun): boolean => {
    if (!MOVING.includes(status) || this.avoided(run)) return false;
    return isEnd(status) || this.context.machines.find(machine, version) !== undefined;
  };
}

/** Walks through a list again and again. */
class Round {
  #after: StoredRun | undefined;

  constructor(private readonly scan: Omit<RunScan, 'limit'>) {}

  async next(store: Store, wanted: number, isWanted: (run: StoredRun) => boolean): Promise<string[]> {
    const found: string[] = [];
    let isSecond = this.#after === undefined;
    for (let looked = 0; looked < MOST;) {
      const limit = wanted * LOOK;
      const page = await store.runs({ ...this.scan, free: true, after: this.#after, limit });
      looked += page.length;
      for (const stored of page) {
        this.#after = stored;
        if (isWanted(stored) && !found.includes(stored.run)) found.push(stored.run);
        if (found.length === wanted) return found;
      }
      if (page.length === limit) continue;
      this.#after = undefined;
      // From the beginning, once: up to where this one began, or more.
      if (isSecond) break;
      isSecond = true;
    }
    return found;
  }
}
