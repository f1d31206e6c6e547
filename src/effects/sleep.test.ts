import { describe, expect, test } from 'vitest';
import { SimulatedClock } from 'xstate';
import { calm, createEffect, never, timersOf } from '../../test/support/effect-life.ts';
import type { Step } from './durable-function.ts';

const DAY = 86_400_000;

/** Sleeps, and tells when it woke up. */
const sleeper =
  (effect: ReturnType<typeof createEffect>, sleep: (step: Step) => Promise<void>) =>
  async ({ step }: { step: Step }) => {
    await sleep(step);
    return effect.clock.now();
  };

describe('a sleep', () => {
  test('ends when it is due, not before', async () => {
    const effect = createEffect();
    const life = effect.start(sleeper(effect, (step) => step.sleep('nap', 500)));
    await effect.pass(499);
    expect([...effect.entries.values()]).toEqual(['[1,0,"sleep",1000500]']);
    await effect.pass(1);
    expect(await life.outcome).toEqual({ output: 1_000_500 });
    expect([...effect.entries.values()]).toEqual(['[1,0,"done"]']);
    expect(timersOf(effect.clock)).toBe(0);
  });

  test('is journaled before it begins', async () => {
    const effect = createEffect();
    effect.start(({ step }) => step.sleep('nap', 500), { write: () => never() });
    await calm();
    expect(timersOf(effect.clock)).toBe(0);
  });

  test('ends when it was due first, whatever a restart takes', async () => {
    const effect = createEffect();
    const fn = sleeper(effect, (step) => step.sleep('nap', 500));
    const first = effect.start(fn);
    await effect.pass(200);
    first.die();
    await effect.pass(100);
    const second = effect.start(fn);
    await effect.pass(199);
    expect(effect.entries.get('nap')).toBe('[1,0,"sleep",1000500]');
    await effect.pass(1);
    expect(await second.outcome).toEqual({ output: 1_000_500 });
  });

  test('that became due while nobody ran ends at once', async () => {
    const effect = createEffect();
    const fn = sleeper(effect, (step) => step.sleep('nap', 500));
    const first = effect.start(fn);
    await calm();
    first.die();
    await effect.pass(9_000);
    expect(await effect.start(fn).outcome).toEqual({ output: 1_009_000 });
  });

  test('may be longer than a timer reaches', async () => {
    const effect = createEffect();
    const life = effect.start(sleeper(effect, (step) => step.sleep('long', 60 * DAY)));
    await effect.pass(30 * DAY);
    await effect.pass(30 * DAY - 1);
    expect(effect.entries.get('long')).toBe(`[1,0,"sleep",${1_000_000 + 60 * DAY}]`);
    await effect.pass(1);
    expect(await life.outcome).toEqual({ output: 1_000_000 + 60 * DAY });
  });

  test('may be without an end', async () => {
    const effect = createEffect();
    const life = effect.start(({ step }) => step.sleep('for ever', Infinity));
    await effect.pass(1000 * DAY);
    expect(effect.entries.get('for ever')).toBe(`[1,0,"sleep",${Number.MAX_SAFE_INTEGER}]`);
    life.stop();
  });

  test('that is over is over, also where the clock was set back', async () => {
    const effect = createEffect();
    const fn = sleeper(effect, (step) => step.sleep('nap', 500));
    const first = effect.start(fn);
    await effect.pass(500);
    await first.outcome;
    const clock = new SimulatedClock();
    expect(await effect.start(fn, { clock }).outcome).toEqual({ output: 1_000_500 });
    expect(timersOf(clock)).toBe(0);
  });

  test.for<[string, (now: number) => Date | number]>([
    ['a Date', (now) => new Date(now + 500)],
    ['a number', (now) => now + 500],
  ])('may last until a time: %s', async ([, at]) => {
    const effect = createEffect();
    const life = effect.start(sleeper(effect, (step) => step.sleepUntil('then', at(1_000_000))));
    await effect.pass(500);
    expect(await life.outcome).toEqual({ output: 1_000_500 });
  });

  test('until a time that has passed takes no time and one entry', async () => {
    const effect = createEffect();
    expect(await effect.start(sleeper(effect, (step) => step.sleepUntil('then', 5))).outcome).toEqual({
      output: 1_000_000,
    });
    expect([...effect.entries.values()]).toEqual(['[1,0,"done"]']);
  });

  test.for<[string, (step: Step) => Promise<void>]>([
    ['fewer than no milliseconds', (step) => step.sleep('nap', -1)],
    ['NaN milliseconds', (step) => step.sleep('nap', NaN)],
    ['a duration as text', (step) => step.sleep('nap', '5' as unknown as number)],
    ['a Date that is none', (step) => step.sleepUntil('then', new Date(NaN))],
    ['a time as text', (step) => step.sleepUntil('then', '5' as unknown as number)],
  ])('refuses %s', async ([, sleep]) => {
    const effect = createEffect();
    expect(await effect.start(({ step }) => sleep(step)).outcome).toEqual({
      error: expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    });
    expect(effect.entries.size).toBe(0);
  });
});
