/** Random machines and random sequences against bare XState. */
import fc from 'fast-check';
import { checkSequence } from './check-sequence.ts';
import type { MakePlace } from './places.ts';
import { sequence, type SequenceSpec } from './spec.ts';

/** Where to begin: a seed, and a path of fast-check to one counterexample. */
export interface Start {
  readonly seed: number;
  readonly path?: string;
}

/** Sequences that wait for a store at the same time. */
const LANES = 4;

async function checkIn(spec: SequenceSpec, make: MakePlace): Promise<void> {
  const place = make(spec.seed);
  try {
    await checkSequence(spec, place);
  } finally {
    place.clear();
  }
}

/**
 * Checks so many sequences in one kind of place.
 *
 * @returns the counterexample in words, with its seed and path; undefined where there is none.
 */
export async function runOracle(
  count: number,
  { seed, path }: Start,
  make: MakePlace,
): Promise<string | undefined> {
  const lanes = path === undefined ? LANES : 1;
  const found = await Promise.all(
    Array.from({ length: lanes }, (_, lane) =>
      fc.check(
        fc.asyncProperty(sequence, (spec) => checkIn(spec, make)),
        {
          numRuns: Math.ceil(count / lanes),
          seed: seed + lane,
          ...(path !== undefined && { path }),
          timeout: 30_000,
        },
      ),
    ),
  );
  const failed = found.find((one) => one.failed);
  if (!failed) return undefined;
  const { counterexample, counterexamplePath, errorInstance } = failed;
  return [
    `seed ${failed.seed}, path ${counterexamplePath}`,
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    inWords(counterexample?.[0]),
  ].join('\n');
}

/** Without what says nothing: what is absent, empty or false. */
const inWords = (spec: unknown): string =>
  JSON.stringify(spec, (_, value: unknown) =>
    value === false || (Array.isArray(value) && value.length === 0) ? undefined : value,
  );
