/** A hundred questions at once, in actors of every kind and depth, answered in any order over restarts. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { randomFrom } from '../../test/support/random.ts';
import { mortalStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import { createRuntime, fromDurable, InputClosedError, inputRequest, type PendingInput } from '../index.ts';

/** What each asker was given, by its id. */
interface Given {
  readonly given: Readonly<Record<string, string>>;
}

const ask = inputRequest({ schema: z.string() });

const numbered = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** So many questions of one source, with the ids q0, q1 … */
const asking = (count: number) =>
  numbered(count).map((i) => ({
    src: 'ask' as const,
    id: `q${i}`,
    input: { prompt: `Number ${i}?` },
    onDone: {
      actions: {
        type: 'keep' as const,
        params: ({ event }: { event: { output: string } }) => ({ id: `q${i}`, answer: event.output }),
      },
    },
  }));

/** What is given to an asker. */
interface Kept {
  readonly id: string;
  readonly answer: string;
}

const withAnswer = (given: Given['given'], { id, answer }: Kept): Given => ({
  given: { ...given, [id]: answer },
});

const desk = setup({
  types: typed<{ context: Given }>(),
  actors: { ask },
  actions: { keep: assign(({ context }, kept: Kept) => withAnswer(context.given, kept)) },
}).createMachine({
  id: 'desk',
  context: { given: {} },
  invoke: asking(15),
});

const steps = fromDurable(async ({ step }) =>
  Promise.all(numbered(10).map((i) => step.waitForInput(`s${i % 5}`, { schema: z.string() }))),
);

const office = setup({
  types: typed<{ context: Given & { steps: readonly string[] } }>(),
  actors: { ask, desk, steps },
  actions: { keep: assign(({ context }, kept: Kept) => withAnswer(context.given, kept)) },
}).createMachine({
  id: 'office',
  context: { given: {}, steps: [] },
  invoke: [
    ...asking(60),
    { src: 'desk', id: 'left' },
    { src: 'desk', id: 'right' },
    { src: 'steps', id: 'steps', onDone: { actions: assign({ steps: ({ event }) => event.output }) } },
  ],
});

const answerTo = (id: string): string => `the answer to ${id}`;

const answersOf = (count: number, prefix: string): Record<string, string> =>
  Object.fromEntries(numbered(count).map((i) => [`q${i}`, answerTo(`${prefix}q${i}`)]));

describe.each(stores)('a hundred questions on %s', (_, make) => {
  it.each([1, 2, 3])(
    'each get their own answer, over restarts (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const behind = make();
      const random = randomFrom(seed);
      const runtimes = () => {
        const store = mortalStore(behind);
        return {
          store,
          runtime: createRuntime({ store, machines: [office], logger: () => {}, limits: { lease: 200 } }),
        };
      };
      let { store, runtime } = runtimes();
      let run = await runtime.start(office, { id: 'r' });
      const isAsking = (count: number) => expect.poll(() => run.pendingInputs.length).toBe(count);
      await isAsking(100);
      const left: PendingInput[] = [...run.pendingInputs];
      const all = left.map(({ id }) => id);
      expect(new Set(all).size).toBe(100);

      while (left.length > 0) {
        const many = Math.min(left.length, 1 + Math.floor(random() * 4));
        const now = numbered(many).map(() => left.splice(Math.floor(random() * left.length), 1)[0]!.id);
        const viaRun = random() < 0.7;
        await Promise.all(
          now.map((id) => (viaRun ? run.answer(id, answerTo(id)) : runtime.answer(id, answerTo(id)))),
        );
        const what = random();
        if (what < 0.05) {
          // Killed: the next one waits until its lease is over.
          store.die();
          ({ store, runtime } = runtimes());
          run = await runtime.open(office, 'r', { wait: 5000 });
        } else if (what < 0.2) {
          await runtime.close({ grace: 0 });
          ({ store, runtime } = runtimes());
          run = await runtime.open(office, 'r');
        } else if (what < 0.3) {
          // Answered by a runtime that opens it for a moment.
          await run.release();
          const next = left.pop();
          if (next) await runtime.answer(next.id, answerTo(next.id));
          run = await runtime.open(office, 'r');
        }
        expect(run.pendingInputs.map(({ id }) => id).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
      }

      await expect.poll(() => run.getSnapshot().context.steps).toHaveLength(10);
      await run.settled();
      const { context, children } = run.getSnapshot();
      expect(context.given).toEqual(answersOf(60, 'r/'));
      for (const side of ['left', 'right'] as const)
        expect(
          (children[side] as { getSnapshot(): { context: Given } } | undefined)?.getSnapshot().context.given,
        ).toEqual(answersOf(15, `r/${side}/`));
      const stepIds = numbered(10).map((i) => `r/steps/s${i % 5}${i < 5 ? '' : '#2'}`);
      expect(context.steps).toEqual(stepIds.map(answerTo));
      for (const id of all) await expect(run.answer(id, 'late')).rejects.toBeInstanceOf(InputClosedError);
      expect(run.status).toBe('idle');
      await runtime.close();
    },
  );
});
