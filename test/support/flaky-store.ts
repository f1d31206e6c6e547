/**
 * A store that answers late, fails, loses replies, and reports conflicts: whatever a remote store does
 * on a bad day. What it wraps does the work.
 */
import type { Store } from 'savepoint';
import { randomFrom } from './random.ts';

type RunCommit = Parameters<Store['commit']>[0][number];
type Outcome = Awaited<ReturnType<Store['commit']>>[number];

/** How often something goes wrong, from 0 to 1. */
export interface Faults {
  /** A run's part of a batch was not written, and may be tried again. */
  readonly failed: number;
  /** A commit rejects: it was carried out, or it was not. */
  readonly lost: number;
  /** A run's part of a batch was not written: another writer was first. */
  readonly conflict: number;
  /** Any other call rejects, but for the look-up of rows. */
  readonly broken: number;
}

export interface FlakyStore extends Store {
  /** How many faults there were of each kind, and how often it was late. */
  readonly faults: Record<keyof Faults | 'late', number>;
  /** What does not go wrong for now. */
  spared: readonly (keyof Faults)[];
  /** The event whose turn it does not take. */
  refused: string | undefined;
}

const USUAL: Faults = { failed: 0.06, lost: 0.06, conflict: 0.06, broken: 0.02 };

/** Makes `inner` unreliable; the same seed brings the same faults for the same calls. */
export function flakyStore(inner: Store, seed: number, chances: Faults = USUAL): FlakyStore {
  return new Flaky(inner, seed, chances);
}

class Flaky implements FlakyStore {
  readonly faults = { late: 0, failed: 0, lost: 0, conflict: 0, broken: 0 };
  spared: readonly (keyof Faults)[] = [];
  refused: string | undefined;
  readonly #random: () => number;

  constructor(
    private readonly inner: Store,
    seed: number,
    private readonly chances: Faults,
  ) {
    this.#random = randomFrom(seed);
  }

  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    await this.#latency();
    const lost = this.#happens('lost');
    if (lost && this.#random() < 0.5) throw new Error('The connection broke before the commit.');
    const refused = batch.map((one) => this.#refusal(one, lost));
    const written = await this.inner.commit(batch.filter((_, at) => refused[at] === undefined));
    await this.#latency();
    if (lost) throw new Error('The connection broke after the commit.');
    return refused.map((refusal) => refusal ?? written.shift()!);
  }

  #refusal({ put, create, expect }: RunCommit, lost: boolean): Outcome | undefined {
    if (put?.some(({ kind, key }) => kind === 'event' && key === this.refused))
      return { status: 'failed', error: new Error('The store does not take this turn.'), retry: false };
    if (this.#happens('failed'))
      return { status: 'failed', error: new Error('The store is busy.'), retry: true };
    // One whose reply is lost would be no conflict: nobody was first, so the second try goes well.
    if (!create && !lost && expect !== undefined && this.#happens('conflict')) return { status: 'conflict' };
    return undefined;
  }

  async #call<T>(call: () => T): Promise<Awaited<T>> {
    if (!this.#happens('broken')) return this.#late(call);
    await this.#latency();
    throw new Error('The connection broke.');
  }

  async #late<T>(call: () => T): Promise<Awaited<T>> {
    await this.#latency();
    const answer = await call();
    await this.#latency();
    return answer;
  }

  #happens(fault: keyof Faults): boolean {
    const happens = this.#random() < this.chances[fault] && !this.spared.includes(fault);
    if (happens) this.faults[fault]++;
    return happens;
  }

  async #latency(): Promise<void> {
    const dice = this.#random();
    // In turns of the event loop, not in milliseconds: the same seed then brings the same order of events.
    const turns = dice < 0.02 ? 8 : dice < 0.5 ? 1 : 0;
    if (turns > 0) this.faults.late++;
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  lease(...args: Parameters<Store['lease']>): Promise<void> {
    return this.#call(() => this.inner.lease(...args));
  }
  acquire(...args: Parameters<Store['acquire']>): Promise<Awaited<ReturnType<Store['acquire']>>> {
    return this.#call(() => this.inner.acquire(...args));
  }
  load(...args: Parameters<Store['load']>): Promise<Awaited<ReturnType<Store['load']>>> {
    return this.#call(() => this.inner.load(...args));
  }
  enqueue(...args: Parameters<Store['enqueue']>): Promise<Awaited<ReturnType<Store['enqueue']>>> {
    return this.#call(() => this.inner.enqueue(...args));
  }
  rows(...args: Parameters<Store['rows']>): Promise<Awaited<ReturnType<Store['rows']>>> {
    return this.#late(() => this.inner.rows(...args));
  }
  questions(...args: Parameters<Store['questions']>): Promise<Awaited<ReturnType<Store['questions']>>> {
    return this.#call(() => this.inner.questions(...args));
  }
  runs(...args: Parameters<Store['runs']>): Promise<Awaited<ReturnType<Store['runs']>>> {
    return this.#call(() => this.inner.runs(...args));
  }
  history(...args: Parameters<Store['history']>): Promise<Awaited<ReturnType<Store['history']>>> {
    return this.#call(() => this.inner.history(...args));
  }
  async close(): Promise<void> {
    await this.inner.close();
  }
}
