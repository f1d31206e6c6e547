/** One effect over several lives of its process: the journal stays, all else is lost. */
import { SimulatedClock } from 'xstate';
import type { DurableArgs } from '../../src/effects/durable-function.ts';
import type { HostedArgs } from '../../src/effects/run-durable.ts';
import type { Journal } from '../../src/effects/journal.ts';
import { memoryJournal } from '../../src/effects/memory-journal.ts';
import type { StepProgress } from '../../src/effects/progress.ts';
import { runDurable } from '../../src/effects/run-durable.ts';

/** Lets everything happen that does not wait for time. */
export async function calm(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

export const never = <T>(): Promise<T> => new Promise(() => {});

/** What a life may have of its own. */
export interface LifeOptions extends Partial<Pick<Journal, 'ask' | 'clock' | 'mayAct'>> {
  /** Writes an entry in place of keeping it. */
  readonly write?: (key: string, value: string) => Promise<void>;
  /** Sees each write: a life that is dead by then, or dies by it, never learns that it was done. */
  readonly beforeWrite?: (key: string, value: string, life: Life<unknown>) => void;
}

export interface Life<TOutput> {
  /** What became of the function, in words that a test can compare. */
  readonly outcome: Promise<{ readonly output: TOutput } | { readonly error: unknown }>;
  /** The process dies: nothing is written any more, and nothing goes on. */
  die(): void;
  readonly isDead: boolean;
  /** The actor is stopped, or the run released. */
  stop(reason?: unknown): void;
  readonly emitted: readonly StepProgress[];
}

export function createEffect(effectId = 'r-42/pay') {
  const clock = new SimulatedClock();
  clock.set(1_000_000);
  const entries = new Map<string, string>();
  let attempt = 0;

  function start<TOutput>(
    fn: (args: DurableArgs<undefined>) => PromiseLike<TOutput>,
    { beforeWrite, write, ...own }: LifeOptions = {},
  ): Life<TOutput> {
    const controller = new AbortController();
    const emitted: StepProgress[] = [];
    let isDead = false;
    const mortal = async (key: string, value: string): Promise<void> => {
      if (isDead) return never();
      beforeWrite?.(key, value, life);
      if (isDead) return never();
      entries.set(key, value);
    };
    const journal: Journal = {
      ...memoryJournal({ id: effectId }),
      attempt: ++attempt,
      clock: {
        now: () => clock.now(),
        setTimeout: (ring, ms) => clock.setTimeout(() => isDead || ring(), ms),
        clearTimeout: (id: number) => clock.clearTimeout(id),
      },
      read: async () => new Map(entries),
      write: (key, value, waiter) =>
        void (write ?? mortal)(key, value).then(
          () => waiter.resolve(),
          (error: unknown) => waiter.reject(error),
        ),
      ...own,
    };
    const hosted = {
      input: undefined,
      signal: controller.signal,
      emit: (event: StepProgress) => emitted.push(event),
      journal,
    } as unknown as HostedArgs<undefined>;
    const life: Life<TOutput> = {
      outcome: runDurable(fn, hosted).then(
        (output) => ({ output }),
        (error: unknown) => ({ error }),
      ),
      die: () => {
        isDead = true;
      },
      get isDead() {
        return isDead;
      },
      stop: (reason) => controller.abort(reason),
      emitted,
    };
    return life;
  }

  /** Lets time pass, and what it sets off happen. */
  async function pass(ms: number): Promise<void> {
    await calm();
    clock.increment(ms);
    await calm();
  }

  return { clock, entries, start, pass };
}

/** How many timers a clock has. */
export const timersOf = (clock: SimulatedClock): number => clock['timeouts'].size;
