/**
 * Batches in the pieces that one statement can write.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Entry } from './entries.ts';

/** What the commits of a round do to their runs. */
export type RoundKind = 'creations' | 'turns' | 'removals';

/** Commits of one kind to as many runs. */
export interface Round {
  readonly kind: RoundKind;
  readonly entries: Entry[];
}

/** Almost always one. A second commit to a run comes in a later round, where it finds what the first wrote. */
export function roundsOf(entries: readonly Entry[]): Round[] {
  const rounds: Round[] = [];
  /** Of each run, the first round in which it is not written. */
  const free = new Map<string, number>();
  for (const entry of entries) {
    const { run } = entry.commit;
    const kind = kindOf(entry.commit);
    let at = free.get(run) ?? 0;
    while (at < rounds.length && rounds[at]!.kind !== kind) at++;
    if (at === rounds.length) rounds.push({ kind, entries: [] });
    rounds[at]!.entries.push(entry);
    free.set(run, at + 1);
  }
  return rounds;
}

function kindOf({ create, remove }: RunCommit): RoundKind {
  if (create === true) return 'creations';
  return remove === undefined ? 'turns' : 'removals';
}
