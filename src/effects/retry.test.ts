import { assert, asyncProperty, boolean, array, double, integer, record, tuple } from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { calm, createEffect } from '../../test/support/effect-life.ts';
import type { Step } from './durable-function.ts';
import type { RetryOptions } from './retry.ts';

/** When the next try of the only step is due, and its number, as they are journaled. */
function nextTry({ entries }: ReturnType<typeof createEffect>): { attempt: number; due: number } | undefined {
  const [, , state, attempt, due] = JSON.parse(entries.get('call') ?? '[]') as [0, 0, string, number, number];
  return state === 'retry' ? { attempt, due } : undefined;
}

describe('retries', () => {
  test('follow the declared backoff within its jitter, also when the process dies between them', async () => {
    const options = record({
      limit: integer({ min: 0, max: 6 }),
      backoff: integer({ min: 0, max: 5000 }),
      factor: double({ min: 1, max: 4, noNaN: true }),
      max: integer({ min: 1, max: 60_000 }),
      jitter: double({ min: 0, max: 1, noNaN: true }),
    });
    // For each wait: does the process die in it, when, and for how long is it gone?
    const part = double({ min: 0, max: 1.5, noNaN: true });
    const deaths = array(tuple(boolean(), part, part), { minLength: 6, maxLength: 6 });
    await assert(
      asyncProperty(options, integer({ min: 0, max: 7 }), deaths, async (retry, failures, deaths) => {
        const effect = createEffect();
        const { clock } = effect;
        const tries: { readonly attempt: number; readonly at: number }[] = [];
        const fn = ({ step }: { step: Step }) =>
          step(
            'call',
            ({ attempt }) => {
              tries.push({ attempt, at: clock.now() });
              if (attempt <= failures) throw new Error(`failure ${attempt}`);
              return attempt;
            },
            { retry },
          );
        let life = effect.start(fn);
        await calm();
        for (let number = 1; number <= Math.min(failures, retry.limit); number++) {
          const failed = tries.at(-1)!;
          const full = Math.min(retry.max, retry.backoff * retry.factor ** (number - 1));
          const next = nextTry(effect);
          let expected = clock.now();
          // What need not wait has gone on already.
          if (tries.length === number) {
            const { due } = next!;
            expect(next?.attempt).toBe(number + 1);
            const wait = due - failed.at;
            expect(wait).toBeGreaterThanOrEqual(full * (1 - retry.jitter) - 1e-6);
            expect(wait).toBeLessThanOrEqual(full + 1e-6);
            expected = due;
            const [dies, when, away] = deaths[number - 1]!;
            if (dies && when < 1) {
              await effect.pass(wait * when * 0.99);
              life.die();
              await effect.pass(wait * away);
              expected = Math.max(due, clock.now());
              life = effect.start(fn);
              await calm();
              // Neither a restart nor the time away changes what was declared.
              if (due > clock.now()) expect(nextTry(effect)).toEqual(next);
            }
            if (due > clock.now()) {
              clock.set(due);
              await calm();
            }
          } else expected = tries[number]!.at;
          expect(tries[number]).toEqual({ attempt: number + 1, at: expected });
        }
        expect(await life.outcome).toEqual(
          failures <= retry.limit
            ? { output: failures + 1 }
            : { error: new Error(`failure ${retry.limit + 1}`) },
        );
        expect(tries.length).toBe(Math.min(failures, retry.limit) + 1);
      }),
      { numRuns: 200 },
    );
  });

  test.for<[RetryOptions, number[]]>([
    [{ limit: 4, jitter: 0 }, [1000, 2000, 4000, 8000]],
    [{ limit: 3, backoff: 10, factor: 1, jitter: 0 }, [10, 10, 10]],
    [{ limit: 4, backoff: 10, factor: 10, max: 500, jitter: 0 }, [10, 100, 500, 500]],
    [{ limit: 2, backoff: 0, factor: Infinity }, [0, 0]],
  ])('with %j wait %j ms', async ([retry, waits]) => {
    const effect = createEffect();
    const { clock } = effect;
    const at: number[] = [];
    const life = effect.start(({ step }) =>
      step(
        'call',
        () => {
          at.push(clock.now());
          throw new Error('down');
        },
        { retry },
      ),
    );
    for (const wait of waits) await effect.pass(wait);
    expect(await life.outcome).toEqual({ error: new Error('down') });
    expect(at.slice(1).map((time, i) => time - at[i]!)).toEqual(waits);
  });

  test('do not come for an error that is not retryable', async () => {
    const effect = createEffect();
    const work = vi.fn(() => Promise.reject(new Error('declined')));
    const retryable = (error: unknown) => (error as Error).message !== 'declined';
    const life = effect.start(({ step }) => step('call', work, { retry: { limit: 5, retryable } }));
    expect(await life.outcome).toEqual({ error: new Error('declined') });
    expect(work).toHaveBeenCalledTimes(1);
    expect(JSON.parse(effect.entries.get('call')!)).toEqual([1, 0, 'failed', expect.any(String)]);
  });

  test('count no try that a crash cut off', async () => {
    const effect = createEffect();
    const attempts: number[] = [];
    const fn =
      (hangs: boolean) =>
      ({ step }: { step: Step }) =>
        step(
          'call',
          ({ attempt }) => {
            attempts.push(attempt);
            if (attempt < 2) throw new Error('down');
            return hangs ? new Promise<string>(() => {}) : 'up';
          },
          { retry: { limit: 1, backoff: 100, jitter: 0 } },
        );
    for (let i = 0; i < 3; i++) {
      const life = effect.start(fn(true));
      await effect.pass(100);
      life.die();
    }
    expect(await effect.start(fn(false)).outcome).toEqual({ output: 'up' });
    expect(attempts).toEqual([1, 2, 2, 2, 2]);
  });

  test('are journaled before they are waited for', async () => {
    const effect = createEffect();
    const work = vi.fn(() => Promise.reject(new Error('down')));
    effect.start(({ step }) => step('call', work, { retry: { limit: 5, backoff: 0 } }), {
      beforeWrite: (_key, _value, life) => life.die(),
    });
    await effect.pass(1000);
    expect(work).toHaveBeenCalledTimes(1);
  });
});
