/**
 * The parts of commits that are written to their runs, as columns of parameters.
 *
 * @module
 */
import type { RunCommit } from '../../src/store.ts';
import type { Column } from './sql.ts';
import { arrayOf, stored } from './text.ts';

/** A column with a value of each commit. */
export function column(
  name: string,
  type: string,
  commits: readonly RunCommit[],
  valueOf: (commit: RunCommit) => Column[2][number],
): Column {
  return [name, type, commits.map(valueOf)];
}

/** The seq that must be the newest one. */
export function expectColumn(commits: readonly RunCommit[]): Column {
  return column('expect', 'bigint', commits, ({ expect }) => expect);
}

/** The seq of the first new checkpoint; seq and time of the last one. */
export function seqColumns(commits: readonly RunCommit[]): Column[] {
  return [
    column('first', 'bigint', commits, ({ checkpoints }) => checkpoints?.[0]?.seq),
    column('seq', 'bigint', commits, ({ checkpoints }) => checkpoints?.at(-1)?.seq),
    column('time', 'double precision', commits, ({ checkpoints }) => checkpoints?.at(-1)?.time),
  ];
}

/** All that a head has but `createdAt`, which never changes. */
export function headColumns(commits: readonly RunCommit[]): Column[] {
  return [
    column('machine', 'text', commits, ({ head }) => head && stored(head.machine)),
    column('version', 'text', commits, ({ head }) => head?.version && stored(head.version)),
    column('status', 'text', commits, ({ head }) => head?.status),
    column('due', 'double precision', commits, ({ head }) => head?.due),
    column('tags', 'text', commits, ({ head }) => head && arrayOf(head.tags)),
    column('more', 'text', commits, ({ head }) => head && stored(head.more)),
  ];
}
