import { describe, expect, test, vi } from 'vitest';
import { calm, createEffect, never, timersOf } from '../../test/support/effect-life.ts';
import {
  InputExpiredError,
  InvalidArgumentError,
  JournalMismatchError,
  NotSerializableError,
  StepTimeoutError,
} from '../errors.ts';
import type { DurableArgs, Step } from './durable-function.ts';
import type { StepQuestion } from './journal.ts';

/** Runs a function to its end over what earlier ones have journaled. */
const run = <TOutput>(
  effect: ReturnType<typeof createEffect>,
  fn: (args: DurableArgs<undefined>) => Promise<TOutput>,
) => effect.start(fn).outcome;

/** A function that comes to these steps one after the other. */
const inOrder =
  (...names: string[]) =>
  async ({ step }: { step: Step }) => {
    for (const name of names) await step(name, () => name);
  };

/** What `Promise.allSettled` gives where all of so many were rejected. */
const rejections = (length: number, reason: unknown) =>
  Array.from({ length }, () => ({ status: 'rejected', reason }));

describe('a step', () => {
  test('that is finished is never run again, and gives what it gave', async () => {
    const effect = createEffect();
    const charge = vi.fn(async () => ({ receipt: 7 }));
    const first = effect.start(async ({ step }) => {
      await step('charge', charge);
      return step('mail', () => never<string>());
    });
    await calm();
    first.die();
    const second = run(effect, async ({ step }) => {
      const { receipt } = await step('charge', charge);
      return step('mail', () => `receipt ${receipt}`);
    });
    expect(await second).toEqual({ output: 'receipt 7' });
    expect(charge).toHaveBeenCalledTimes(1);
  });

  test('that a crash cut off runs again, as the same try with the same effect id', async () => {
    const effect = createEffect();
    const seen: unknown[] = [];
    const fn = ({ step, effectId, attempt }: DurableArgs<undefined>) =>
      step('charge', (args) => {
        seen.push([effectId, attempt, args.effectId, args.attempt]);
        return seen.length === 1 ? never() : 'ok';
      });
    effect.start(fn).die();
    await calm();
    await run(effect, fn);
    expect(seen).toEqual([
      ['r-42/pay', 1, 'r-42/pay/charge', 1],
      ['r-42/pay', 2, 'r-42/pay/charge', 1],
    ]);
  });

  test.for<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['text that looks like something else', '=Date'],
    ['a list', [1, [2, '3']]],
    ['a Date', new Date(0)],
    ['a Map of bytes', new Map([['a', new Uint8Array(9000).fill(7)]])],
  ])('gives %s again as it was', async ([, value]) => {
    const effect = createEffect();
    const fn = ({ step }: { step: Step }) => step('read', () => value);
    expect(await run(effect, fn)).toEqual({ output: value });
    expect(await run(effect, fn)).toEqual({ output: value });
  });

  test('keeps compact JSON', async () => {
    const effect = createEffect();
    await run(effect, async ({ step }) => {
      await step('a/b', () => ({ ok: true }));
      await Promise.all([step('nothing', () => undefined), step('text', () => 'x')]);
    });
    expect([...effect.entries]).toEqual([
      ['a%2Fb', '[1,0,"done",{"ok":true}]'],
      ['nothing', '[2,0,"done"]'],
      ['text', '[3,1,"done","x"]'],
    ]);
  });

  test('does not begin where its effect was stopped while it was asked whether it may', async () => {
    const charge = vi.fn<() => void>();
    let say!: (may: boolean) => void;
    const mayAct = () => new Promise<boolean>((resolve) => (say = resolve));
    const life = createEffect().start(({ step }) => step('charge', charge), { mayAct });
    await calm();
    life.stop('released');
    say(true);
    expect(await life.outcome).toEqual({ error: 'released' });
    expect(charge).not.toHaveBeenCalled();
  });

  test('may be called beside others', async () => {
    const effect = createEffect();
    const fn = ({ step }: { step: Step }) =>
      Promise.all(['a', 'b', 'c'].map((name) => step(name, async () => name.toUpperCase())));
    expect(await run(effect, fn)).toEqual({ output: ['A', 'B', 'C'] });
    expect(await run(effect, fn)).toEqual({ output: ['A', 'B', 'C'] });
  });

  test('has a number from the second of its name on, in the order of the calls', async () => {
    const effect = createEffect();
    const fn = ({ step }: { step: Step }) =>
      Promise.all([
        step('charge', ({ effectId }) => effectId),
        step('charge', ({ effectId }) => effectId),
        step('charge#2', ({ effectId }) => effectId),
      ]);
    expect(await run(effect, fn)).toEqual({
      output: ['r-42/pay/charge', 'r-42/pay/charge#2', 'r-42/pay/charge%232'],
    });
    expect([...effect.entries.keys()]).toEqual(['charge', 'charge#2', 'charge%232']);
  });

  test('encodes % / : # of its name in its effect id, and nothing else', async () => {
    const fn = ({ step }: { step: Step }) => step('100 %/a:b#c é', ({ effectId }) => effectId);
    expect(await run(createEffect(), fn)).toEqual({ output: 'r-42/pay/100 %25%2Fa%3Ab%23c é' });
  });

  test.for<unknown>(['', 7, undefined, '\ud800', 'a\0b', 'x'.repeat(1025)])(
    'refuses the name %j',
    async (name) => {
      const effect = createEffect();
      const work = vi.fn();
      const outcomes = await run(effect, ({ step }) =>
        Promise.allSettled([
          step(name as string, work),
          step.sleep(name as string, 0),
          step.sleepUntil(name as string, 0),
          step.waitForInput(name as string, {}),
        ]),
      );
      expect(outcomes).toEqual({
        output: rejections(4, expect.any(InvalidArgumentError)),
      });
      expect(work).not.toHaveBeenCalled();
      expect(effect.entries.size).toBe(0);
    },
  );

  test.for<[string, unknown, unknown]>([
    ['no function', 'work', {}],
    ['a timeout that is no number', () => 1, { timeout: 'long' }],
    ['a limit below 0', () => 1, { retry: { limit: -1 } }],
    ['a limit that is missing', () => 1, { retry: {} }],
    ['a limit of half a retry', () => 1, { retry: { limit: 0.5 } }],
    ['a backoff below 0', () => 1, { retry: { limit: 1, backoff: -1 } }],
    ['a factor below 1', () => 1, { retry: { limit: 1, factor: 0.5 } }],
    ['a longest wait of NaN', () => 1, { retry: { limit: 1, max: NaN } }],
    ['a jitter over 1', () => 1, { retry: { limit: 1, jitter: 2 } }],
    ['a retryable that is no function', () => 1, { retry: { limit: 1, retryable: true } }],
  ])('refuses %s', async ([, work, options]) => {
    const effect = createEffect();
    const outcome = await run(effect, ({ step }) => step('a', work as () => number, options as object));
    expect(outcome).toEqual({ error: expect.any(InvalidArgumentError) });
    expect(effect.entries.size).toBe(0);
  });

  test('whose result cannot be stored rejects, names itself, is not tried again and leaves nothing', async () => {
    const effect = createEffect();
    const work = vi.fn(() => ({ items: [() => 1] }));
    const outcome = await run(effect, ({ step }) => step('connect', work, { retry: { limit: 3 } }));
    expect(outcome).toEqual({ error: expect.any(NotSerializableError) });
    expect((outcome as { error: NotSerializableError }).error.path).toBe("step('connect').items[0]");
    expect(work).toHaveBeenCalledTimes(1);
    expect(effect.entries.size).toBe(0);
  });

  test('reports progress as it goes, and none of it is journaled', async () => {
    const effect = createEffect();
    const life = effect.start(async ({ step }) => {
      await step('load', ({ progress }) => {
        progress(0.5);
        progress({ of: 'two' });
      });
      await step('load', ({ progress }) => progress(1));
    });
    await life.outcome;
    expect(life.emitted).toEqual([
      { type: 'progress', step: 'load', value: 0.5 },
      { type: 'progress', step: 'load', value: { of: 'two' } },
      { type: 'progress', step: 'load#2', value: 1 },
    ]);
    expect([...effect.entries.values()]).toEqual(['[1,0,"done"]', '[2,0,"done"]']);
  });
});

describe('an error that is final', () => {
  class DeclinedError extends Error {
    override name = 'DeclinedError';
    readonly code = 'DECLINED';
  }

  test('rejects its step, and does the same at a replay without another try', async () => {
    const effect = createEffect();
    const work = vi.fn(() => {
      throw new DeclinedError('no funds');
    });
    const fn = async ({ step }: { step: Step }) => {
      try {
        return await step('charge', work);
      } catch (error) {
        return error;
      }
    };
    const expected = {
      output: expect.objectContaining({ name: 'DeclinedError', message: 'no funds', code: 'DECLINED' }),
    };
    expect(await run(effect, fn)).toEqual(expected);
    const again = await run(effect, fn);
    expect(again).toEqual(expected);
    expect((again as { output: unknown }).output).toBeInstanceOf(Error);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test.for<[string, unknown, unknown]>([
    ['a TypeError', new TypeError('bad'), new TypeError('bad')],
    ['a text', 'bad', 'bad'],
    [
      'one that cannot be stored',
      Object.assign(new Error('bad'), { socket: () => 1 }),
      expect.objectContaining({ message: 'bad' }),
    ],
  ])('comes back: %s', async ([, thrown, expected]) => {
    const effect = createEffect();
    const fn = ({ step }: { step: Step }) => step('a', () => Promise.reject(thrown));
    expect(await run(effect, fn)).toEqual({ error: thrown });
    expect(await run(effect, fn)).toEqual({ error: expected });
  });

  test('of Savepoint comes back as an instance of its class', async () => {
    const effect = createEffect();
    const fn = ({ step }: { step: Step }) => step('slow', () => never(), { timeout: 10 });
    const first = run(effect, fn);
    await effect.pass(10);
    const expected = new StepTimeoutError('slow', 10);
    expect(await first).toEqual({ error: expected });
    const { error } = (await run(effect, fn)) as { error: unknown };
    expect(error).toBeInstanceOf(StepTimeoutError);
    expect(error).toEqual(expected);
  });
});

describe('a journal that does not fit the code any more', () => {
  const mismatch = (expected: string, came: string | undefined) => ({
    error: expect.objectContaining({ code: 'JOURNAL_MISMATCH', effectId: 'r-42/pay', expected, came }),
  });

  test.for<[string, string[], string, string | undefined]>([
    ['a step that was put in between', ['a', 'new', 'b'], 'b', 'new'],
    ['steps in another order', ['b', 'a'], 'a', 'b'],
    ['a step that was renamed', ['a', 'b/2'], 'b', 'b/2'],
    ['a step that was taken out', ['b'], 'a', 'b'],
    ['an end that comes earlier', ['a'], 'b', undefined],
    ['a step that came twice', ['a', 'a'], 'b', 'a#2'],
  ])('is an error that tells %s', async ([, names, expected, came]) => {
    const effect = createEffect();
    await run(effect, inOrder('a', 'b'));
    expect(await run(effect, inOrder(...names))).toEqual(mismatch(expected, came));
  });

  test('takes further steps at the end', async () => {
    const effect = createEffect();
    await run(effect, inOrder('a', 'b'));
    expect(await run(effect, inOrder('a', 'b', 'c'))).toEqual({ output: undefined });
  });

  test('stops a function that catches the error, and is what its effect fails with', async () => {
    const effect = createEffect();
    await run(effect, inOrder('a', 'b'));
    const work = vi.fn();
    const outcome = await run(effect, async ({ step }) => {
      await step('other', work).catch(() => {});
      const later = await Promise.allSettled([
        step('a', work),
        step.sleep('nap', 1),
        step.waitForInput('ask', {}),
      ]);
      expect(later).toEqual(rejections(3, expect.any(JournalMismatchError)));
      return 'all is well';
    });
    expect(outcome).toEqual(mismatch('a', 'other'));
    expect(work).not.toHaveBeenCalled();
  });

  test('is what an effect fails with that fails for another reason before its time; that is the cause', async () => {
    const effect = createEffect();
    await run(effect, inOrder('a', 'b'));
    const cause = new Error('too late');
    const outcome = await run(effect, async ({ step }) => {
      await step('a', () => 'a');
      throw cause;
    });
    expect(outcome).toEqual(mismatch('b', undefined));
    expect((outcome as { error: Error }).error.cause).toBe(cause);
  });

  test('lets steps that ran beside each other come in another order', async () => {
    const effect = createEffect();
    const branch = async (step: Step, name: string, wait: Promise<unknown>) => {
      await wait;
      await step(`${name}1`, () => name);
      return step(`${name}2`, () => name);
    };
    const fn =
      (late: 'a' | 'b') =>
      ({ step }: { step: Step }) =>
        Promise.all(['a', 'b'].map((name) => branch(step, name, name === late ? calm() : Promise.resolve())));
    const first = effect.start(async ({ step }) => {
      const slow = step('a1', () => calm().then(() => 'a')).then(() => step('a2', () => 'a'));
      return Promise.all([slow, branch(step, 'b', Promise.resolve())]);
    });
    expect(await first.outcome).toEqual({ output: ['a', 'b'] });
    expect(await run(effect, fn('b'))).toEqual({ output: ['a', 'b'] });
    expect(await run(effect, fn('a'))).toEqual(mismatch('a1', 'b1'));
  });

  test('finds a step of those beside each other that nobody comes to', async () => {
    const effect = createEffect();
    const fn =
      (...names: string[]) =>
      async ({ step }: { step: Step }) => {
        await Promise.all(names.map((name) => step(name, () => name)));
      };
    await run(effect, fn('a', 'b', 'c'));
    expect(await run(effect, fn('a', 'c', 'd'))).toEqual(mismatch('b', undefined));
  });

  test('does not take the loser of a race for missing', async () => {
    const effect = createEffect();
    const race =
      (winner: () => Promise<unknown>) =>
      async ({ step }: { step: Step }) => {
        const loser = (async () => {
          await step('slow 1', () => 1);
          return step('slow 2', () => 2);
        })();
        return Promise.race([loser, step('fast', winner)]);
      };
    const first = effect.start(
      race(() => never()),
      { beforeWrite: (key, _, life) => key === 'slow 2' && life.die() },
    );
    await calm();
    first.die();
    expect(
      await run(
        effect,
        race(async () => 'won'),
      ),
    ).toEqual({ output: 'won' });
  });
});

describe('when its actor is stopped, a function', () => {
  test('starts no further step and writes nothing', async () => {
    const effect = createEffect();
    const later = vi.fn();
    const seen: unknown[] = [];
    const life = effect.start(async ({ step }) => {
      try {
        await step('slow', ({ signal }) => {
          signal.addEventListener('abort', () => seen.push(signal.reason));
          return calm();
        });
      } catch (error) {
        seen.push(error);
      }
      return step('later', later);
    });
    await calm();
    life.stop('stopped');
    expect(await life.outcome).toEqual({ error: 'stopped' });
    expect(seen).toEqual(['stopped', 'stopped']);
    expect(later).not.toHaveBeenCalled();
    expect(effect.entries.size).toBe(0);
  });

  test('is not started at all where that comes first', async () => {
    const effect = createEffect();
    const fn = vi.fn(async () => {});
    const life = effect.start(fn);
    life.stop('stopped');
    expect(await life.outcome).toEqual({ error: 'stopped' });
    expect(fn).not.toHaveBeenCalled();
  });

  test('sleeps no more, waits for no retry, and leaves no timer', async () => {
    const effect = createEffect();
    const life = effect.start(({ step }) =>
      Promise.allSettled([
        step.sleep('nap', 1000),
        step('flaky', () => Promise.reject(new Error('down')), { retry: { limit: 3 } }),
        step('slow', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)), {
          timeout: 500,
        }),
      ]),
    );
    await calm();
    expect(timersOf(effect.clock)).toBe(3);
    life.stop('stopped');
    expect(await life.outcome).toEqual({
      output: rejections(3, 'stopped'),
    });
    expect(timersOf(effect.clock)).toBe(0);
    expect([...effect.entries.keys()]).toEqual(['nap', 'flaky']);
  });

  test('reports no more progress', async () => {
    const effect = createEffect();
    let report: ((value: unknown) => void) | undefined;
    const life = effect.start(({ step }) =>
      step('load', ({ progress }) => {
        report = progress;
        return never();
      }),
    );
    await calm();
    life.stop();
    report?.(1);
    expect(life.emitted).toEqual([]);
  });

  test('leaves no rejection unhandled that nobody awaits', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const effect = createEffect();
    const life = effect.start(async ({ step, signal }) => {
      void step.sleep('floating', 1000);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      void step('after', () => 1);
    });
    await calm();
    life.stop('stopped');
    await life.outcome;
    await calm();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

test('a step that outlives its function is aborted and writes nothing', async () => {
  const effect = createEffect();
  let reason: unknown;
  const life = effect.start(({ step }) =>
    Promise.race([
      step('slow', async ({ signal }) => {
        signal.addEventListener('abort', () => (reason = signal.reason));
        await calm();
      }),
      step.sleep('long', 1000),
      step('fast', () => 'won'),
    ]),
  );
  expect(await life.outcome).toEqual({ output: 'won' });
  await calm();
  expect(reason).toEqual(expect.objectContaining({ message: expect.stringContaining("'slow' outlived") }));
  expect([...effect.entries.keys()].toSorted()).toEqual(['fast', 'long']);
  expect(timersOf(effect.clock)).toBe(0);
});

test('an effect whose journal takes no more fails with that, whatever its function makes of it', async () => {
  const effect = createEffect();
  const full = new Error('the disk is full');
  const later = vi.fn();
  const life = effect.start(
    async ({ step }) => {
      await step('a', () => 1).catch(() => {});
      await step('b', later).catch(() => {});
    },
    { write: () => Promise.reject(full) },
  );
  expect(await life.outcome).toEqual({ error: full });
  expect(later).not.toHaveBeenCalled();
});

test('an effect with a damaged journal fails with a StoreError that names the entry', async () => {
  const effect = createEffect();
  effect.entries.set('a', '[1,0,"do');
  expect(await run(effect, inOrder('a'))).toEqual({
    error: expect.objectContaining({ code: 'STORE', message: expect.stringContaining("'a'") }),
  });
});

describe('a timeout', () => {
  test('aborts the signal and fails the try, which may be retried', async () => {
    const effect = createEffect();
    const seen: unknown[] = [];
    const life = effect.start(({ step }) =>
      step(
        'fetch',
        ({ attempt, signal }) => {
          signal.addEventListener('abort', () => seen.push([attempt, signal.reason]));
          return attempt === 1 ? never<string>() : 'page';
        },
        { timeout: 50, retry: { limit: 1, backoff: 100, jitter: 0 } },
      ),
    );
    await effect.pass(50);
    expect(effect.entries.get('fetch')).toBe('[1,0,"retry",2,1000150]');
    await effect.pass(100);
    expect(await life.outcome).toEqual({ output: 'page' });
    expect(seen).toEqual([[1, new StepTimeoutError('fetch', 50)]]);
    expect(timersOf(effect.clock)).toBe(0);
  });

  test('gives a signal that is read too late as aborted', async () => {
    const effect = createEffect();
    let late: (() => AbortSignal) | undefined;
    const life = effect.start(({ step }) =>
      step(
        'slow',
        (args) => {
          late = () => args.signal;
          return never();
        },
        { timeout: 5 },
      ),
    );
    await effect.pass(5);
    await life.outcome;
    expect(late?.().aborted).toBe(true);
  });
});

describe('a question in the middle of a function', () => {
  test('is asked by its name, and its answer is journaled', async () => {
    const effect = createEffect();
    const ask = vi.fn(async (_request: StepQuestion) => ({ approved: true }));
    const fn = ({ step }: { step: Step }) => step.waitForInput('ok/1', { prompt: 'Refund?' });
    expect(await effect.start(fn, { ask }).outcome).toEqual({ output: { approved: true } });
    expect(await effect.start(fn, { ask }).outcome).toEqual({ output: { approved: true } });
    expect(ask.mock.calls).toEqual([
      [expect.objectContaining({ name: 'ok%2F1', key: 'ok%2F1', question: { prompt: 'Refund?' } })],
    ]);
  });

  test('that expired is final', async () => {
    const effect = createEffect();
    const expired = new InputExpiredError('r-42/pay/ok', new Date(0));
    const ask = vi.fn(() => Promise.reject(expired));
    const fn = ({ step }: { step: Step }) => step.waitForInput('ok', {});
    expect(await effect.start(fn, { ask }).outcome).toEqual({ error: expired });
    const { error } = (await effect.start(fn, { ask }).outcome) as { error: unknown };
    expect(error).toBeInstanceOf(InputExpiredError);
    expect(error).toEqual(expired);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test('that could not be asked leaves nothing', async () => {
    const effect = createEffect();
    const ask = () => Promise.reject(new Error('closed'));
    const fn = ({ step }: { step: Step }) => step.waitForInput('ok', {});
    expect(await effect.start(fn, { ask }).outcome).toEqual({ error: new Error('closed') });
    expect(effect.entries.size).toBe(0);
  });

  test('is withdrawn when its actor is stopped', async () => {
    const effect = createEffect();
    let given: AbortSignal | undefined;
    const life = effect.start(({ step }) => step.waitForInput('ok', {}), {
      ask: ({ signal }) => {
        given = signal;
        return never();
      },
    });
    await calm();
    life.stop('stopped');
    expect(given?.reason).toBe('stopped');
  });
});
