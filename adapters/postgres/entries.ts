/**
 * Commits, and what they have many of.
 *
 * @module
 */
import type { Question, Row, RunCommit } from '../../src/store.ts';

/** A commit and its place in the batch. */
export interface Entry {
  readonly n: number;
  readonly commit: RunCommit;
}

/** Of each commit, something that it has many of. */
export type Of<T> = readonly (readonly [n: number, one: T])[];

/** The questions that a commit opens, each id once. */
export function askedBy({ ask = [] }: RunCommit): Question[] {
  return [...new Map(ask.map((question) => [question.id, question])).values()];
}

/** Of each commit the things of a kind, with their commit's place. */
export function every<T>(entries: readonly Entry[], of: (commit: RunCommit) => readonly T[]): Of<T> {
  return entries.flatMap(({ n, commit }) => of(commit).map((one) => [n, one] as const));
}

/** The places of what `every` gives. */
export function places(list: Of<unknown>): number[] {
  return list.map(([n]) => n);
}

/** Two rows with one name are one row. */
export function nameOf({ kind, key }: Pick<Row, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}

/** The last of several rows with one name counts. */
export function byKey(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [nameOf(row), row]));
}
