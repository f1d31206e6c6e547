/** Random machines and random sequences end where bare XState ends, restored at random after every event. */
import type { Proof } from '../proof.ts';
import { runOracle } from './oracle.ts';

const SEED = 11;
// A sequence on SQLite costs ten times one in memory.
const ON_SQLITE = 0.05;

export const proof: Proof = {
  name: 'oracle',
  full: 5_000,
  async run(count, say) {
    // Machines fail and warn on purpose.
    console.warn = () => {};
    console.error = () => {};
    const places = { memory: count, sqlite: Math.ceil(count * ON_SQLITE) };
    for (const [place, sequences] of Object.entries(places)) {
      const counterexample = await runOracle(sequences, { seed: SEED }, place);
      if (counterexample !== undefined) return { passed: false, figure: `${place}: ${counterexample}` };
      say(`${sequences} sequences on ${place}`);
    }
    return {
      passed: true,
      figure: `${places.memory} sequences in memory and ${places.sqlite} on SQLite end as in bare XState`,
    };
  },
};
