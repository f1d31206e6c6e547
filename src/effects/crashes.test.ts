import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { calm, createEffect, type Life } from '../../test/support/effect-life.ts';
import type { Step, StepArgs } from './durable-function.ts';

/** A program of steps: one after the other, beside each other, asleep, or failing for a while. */
type Program =
  | Work
  | { readonly ms: number }
  | { readonly parts: readonly Program[]; readonly parallel: boolean };

interface Work {
  readonly name: string;
  /** So many tries fail. */
  readonly failures: number;
  readonly result: unknown;
}

const { program } = fc.letrec<{ program: Program; work: Work; sleep: Program; group: Program }>((tie) => ({
  program: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: tie('work'), weight: 3 },
    { arbitrary: tie('sleep'), weight: 1 },
    { arbitrary: tie('group'), weight: 3 },
  ),
  work: fc.record({
    name: fc.constantFrom('charge', 'mail', 'a/b'),
    failures: fc.nat(2),
    result: fc.anything({ maxDepth: 1, withDate: true, withMap: true }),
  }),
  sleep: fc.record({ ms: fc.nat(400) }),
  group: fc.record({
    parts: fc.array(tie('program'), { minLength: 1, maxLength: 5 }),
    parallel: fc.boolean(),
  }),
}));

/** A process dies at its write with this number; `isWritten`: just after it, else just before. */
const death = fc.record({ at: fc.integer({ min: 1, max: 8 }), isWritten: fc.boolean() });

/** Runs a program. Steps of one name are numbered in the order of the calls, so each branch has its own names. */
async function execute(
  program: Program,
  step: Step,
  work: (args: StepArgs, what: Work) => Promise<unknown>,
  branch = '',
): Promise<unknown> {
  if ('ms' in program) return step.sleep(`sleep${branch}`, program.ms);
  if ('name' in program)
    return step(program.name + branch, (args) => work(args, program), {
      retry: { limit: program.failures, backoff: 100 },
    });
  const { parts, parallel } = program;
  if (parallel) return Promise.all(parts.map((part, i) => execute(part, step, work, `${branch} ${i}`)));
  const results: unknown[] = [];
  for (const part of parts) results.push(await execute(part, step, work, branch));
  return results;
}

const ascending = (a: number, b: number): number => a - b;

const resultOf = (program: Program): unknown =>
  'ms' in program ? undefined : 'name' in program ? program.result : program.parts.map(resultOf);

const worksOf = (program: Program): readonly Work[] =>
  'name' in program ? [program] : 'parts' in program ? program.parts.flatMap(worksOf) : [];

/** Waits for an end or a death, and lets time pass where nothing else goes on. */
async function live(life: Life<unknown>, pass: (ms: number) => Promise<void>): Promise<unknown> {
  let outcome: unknown;
  void life.outcome.then((value) => (outcome = value));
  for (let i = 0; i < 1000; i++) {
    await calm();
    if (outcome !== undefined || life.isDead) break;
    await pass(50);
  }
  return outcome;
}

test('over crashes, no finished step runs twice, an unfinished one once more at most for each, under one id', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.array(death, { maxLength: 5 }),
      fc.array(fc.nat(12), { minLength: 1, maxLength: 20 }),
      async (program, deaths, hops) => {
        const effect = createEffect();
        /** The world outside: what was tried under each effect id. */
        const ledger = new Map<string, number[]>();
        let crashes = 0;
        let hop = 0;

        for (;;) {
          const death = deaths[crashes];
          let writes = 0;
          const life: Life<unknown> = effect.start(
            ({ step }) =>
              execute(program, step, async ({ effectId, attempt }, { failures, result }) => {
                // What is dead does nothing any more.
                if (life.isDead) return undefined;
                const entry = effect.entries.get(effectId.slice('r-42/pay/'.length));
                expect(entry ?? '"retry"').toContain('"retry"');
                ledger.set(effectId, [...(ledger.get(effectId) ?? []), attempt]);
                for (let i = hops[hop++ % hops.length]!; i > 0; i--) await Promise.resolve();
                if (attempt <= failures) throw new Error(`failure ${attempt}`);
                return result;
              }),
            {
              beforeWrite: (key, value, life) => {
                if (++writes !== death?.at) return;
                if (death.isWritten) effect.entries.set(key, value);
                life.die();
              },
            },
          );
          const outcome = await live(life, effect.pass);
          if (!life.isDead) {
            expect(outcome).toEqual({ output: resultOf(program) });
            break;
          }
          crashes++;
        }

        const works = worksOf(program);
        expect(ledger.size).toBe(works.length);
        const tries = [...ledger.values()];
        // No try is left out, none comes again once a later one was declared.
        for (const attempts of tries) {
          expect([...new Set(attempts)]).toEqual(Array.from({ length: attempts.at(-1)! }, (_, i) => i + 1));
          expect(attempts).toEqual(attempts.toSorted(ascending));
          expect(attempts.length).toBeLessThanOrEqual(attempts.at(-1)! + crashes);
        }
        expect(tries.map((attempts) => attempts.at(-1)! - 1).toSorted(ascending)).toEqual(
          works.map(({ failures }) => failures).toSorted(ascending),
        );
      },
    ),
    { numRuns: 300 },
  );
});
