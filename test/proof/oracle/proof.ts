/** Random machines and random sequences end where bare XState ends, restored at random after every event. */
import { openGrounds } from '../grounds.ts';
import type { Proof } from '../proof.ts';
import { tally } from './check-sequence.ts';
import { runOracle } from './oracle.ts';
import { flakyPlace, type MakePlace, memoryPlace, sealedPlace, sharedPlace } from './places.ts';

const SEED = 11;
/** Of the sequences in memory: the faulty store waits before it is tried again, and a key takes its time. */
const ON_FLAKY = 0.2;
const ON_SEALED = 0.05;
/** Of them on each store that processes can share: there one costs ten times and more what it does in memory. */
const ON_SHARED = 0.05;

export const proof: Proof = {
  name: 'oracle',
  full: 5_000,
  async run(count, say, { servers }) {
    // Machines fail and warn on purpose.
    console.error = () => {};
    const grounds = await openGrounds(say, servers);
    console.warn = () => {};
    const places: readonly (readonly [name: string, part: number, make: MakePlace])[] = [
      ['memory', 1, memoryPlace],
      ['sealed memory', ON_SEALED, sealedPlace],
      ['a faulty store', ON_FLAKY, flakyPlace],
      ...grounds.all.map((ground) => [ground.name, ON_SHARED, () => sharedPlace(ground)] as const),
    ];
    const figures: string[] = [];
    try {
      for (const [name, part, make] of places) {
        const sequences = Math.ceil(count * part);
        const counterexample = await runOracle(sequences, { seed: SEED }, make);
        if (counterexample !== undefined) return { passed: false, figure: `${name}: ${counterexample}` };
        say(`${sequences} sequences, ${name}`);
        figures.push(`${sequences} ${name}`);
      }
    } finally {
      await grounds.end();
    }
    const { late, failed, lost, conflict, broken, refused } = tally.faults;
    const figure =
      `sequences end as in bare XState: ${figures.join(', ')} ` +
      `(${late} late answers, ${failed} failures, ${lost} lost replies, ${conflict} conflicts, ${broken} broken calls, ` +
      `${refused} turns refused)`;
    return { passed: true, figure: [figure, ...grounds.skipped].join('\n') };
  },
};
