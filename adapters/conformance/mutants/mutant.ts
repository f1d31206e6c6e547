/**
 * Stores that do one thing wrong, to see whether the suite bites.
 *
 * @module
 */
import type { RunCommit, Store } from '../../../src/store.ts';

/** A store with a fault. */
export interface Mutant {
  /** What it does wrong: `ignores the fence`. */
  readonly name: string;
  /** The case whose name says so: its group's name and its own. */
  readonly caughtBy: string;
  /** The methods that are wrong, made from a handle on a store that is right. */
  readonly breaks: (store: Store) => Partial<Store>;
}

/** A handle, broken. */
export function broken(store: Store, { breaks }: Pick<Mutant, 'breaks'>): Store {
  return { ...store, ...breaks(store) };
}

/** Changes each commit before it is written. */
export function changing(change: (commit: RunCommit) => RunCommit): Mutant['breaks'] {
  return (store) => ({ commit: (batch) => store.commit(batch.map(change)) });
}

/** Leaves a part of each commit out. */
export function without(...parts: readonly (keyof RunCommit)[]): Mutant['breaks'] {
  return changing((commit) => ({ ...commit, ...Object.fromEntries(parts.map((part) => [part, undefined])) }));
}

/** Writes a batch one by one, with something that is done wrong for each commit. */
export function eachCommit(
  write: (store: Store, commit: RunCommit) => Promise<Awaited<ReturnType<Store['commit']>>[number]>,
): Mutant['breaks'] {
  return (store) => ({
    commit: async (batch) => {
      const outcomes = [];
      for (const commit of batch) outcomes.push(await write(store, commit));
      return outcomes;
    },
  });
}

/** The outcome of a commit that is written alone. */
export async function alone(
  store: Store,
  commit: RunCommit,
): Promise<Awaited<ReturnType<Store['commit']>>[number]> {
  return (await store.commit([commit]))[0]!;
}

/** Who holds which run, as far as a handle can know. */
export function holders(store: Store): {
  readonly of: (run: string) => Promise<Pick<RunCommit, 'run' | 'owner' | 'fence'> | undefined>;
  readonly lease: Store['lease'];
} {
  const owners = new Set<string>();
  return {
    of: async (run) => {
      for (const owner of owners) {
        const [found] = await store.runs({ run, owner, limit: 1 });
        if (found !== undefined) return { run, owner, fence: found.fence };
      }
      return undefined;
    },
    lease: (owner, ms) => {
      owners.add(owner);
      return store.lease(owner, ms);
    },
  };
}
