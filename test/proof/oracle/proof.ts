/** Random machines and random sequences end where bare XState ends, restored at random after every event. */
import type { Proof } from '../proof.ts';
import { tally } from './check-sequence.ts';
import { runOracle } from './oracle.ts';

const SEED = 11;
// A sequence on SQLite costs ten times one in memory; the faulty store waits before it is tried again.
const ON_SQLITE = 0.05;
const ON_FLAKY = 0.2;

export const proof: Proof = {
  name: 'oracle',
  full: 5_000,
  async run(count, say) {
    // Machines fail and warn on purpose.
    console.warn = () => {};
    console.error = () => {};
    const places = {
      memory: count,
      sqlite: Math.ceil(count * ON_SQLITE),
      'flaky memory': Math.ceil(count * ON_FLAKY),
    };
    for (const [place, sequences] of Object.entries(places)) {
      const counterexample = await runOracle(sequences, { seed: SEED }, place);
      if (counterexample !== undefined) return { passed: false, figure: `${place}: ${counterexample}` };
      say(`${sequences} sequences on ${place}`);
    }
    const { late, failed, lost, conflict, broken, refused } = tally.faults;
    return {
      passed: true,
      figure:
        `${places.memory} sequences in memory, ${places.sqlite} on SQLite and ${places['flaky memory']} on a faulty store ` +
        `(${late} late answers, ${failed} failures, ${lost} lost replies, ${conflict} conflicts, ${broken} broken calls, ` +
        `${refused} turns refused) end as in bare XState`,
    };
  },
};
