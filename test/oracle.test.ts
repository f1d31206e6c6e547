import { expect, it, vi } from 'vitest';
import { runOracle } from './proof/oracle/oracle.ts';

// A seed of its own for each, so that a failure can be run again.
it.each([
  ['in memory', 'memory', 1000],
  ['on SQLite', 'sqlite', 50],
] as const)(
  'random machines, restored at random after every event, end as in bare XState %s',
  async (_, place, sequences) => {
    // They fail and warn on purpose.
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await runOracle(sequences, { seed: 11 }, place)).toBeUndefined();
  },
  300_000,
);
