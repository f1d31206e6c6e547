/** What a commit writes for a run beside its checkpoints, and how the writes of several turns become one. */
import type { Question, Row, RunCommit } from '../store.ts';

/** A part of a commit. */
export type Writes = Pick<RunCommit, 'put' | 'drop' | 'ask' | 'close' | 'take' | 'unless'>;

const nameOf = ({ kind, key }: Pick<Row, 'kind' | 'key'>): string => `${kind} ${key}`;

/**
 * One after the other as one: a store writes `put` after `drop` and `ask` after `close`, so that what a later part
 * takes away is not to be written at all.
 */
export function mergeWrites(parts: readonly Writes[]): Writes {
  if (parts.length === 1) return parts[0]!;
  const put = new Map<string, Row>();
  const drop = new Map<string, Pick<Row, 'kind' | 'key'>>();
  const ask = new Map<string, Question>();
  const close = new Set<string>();
  const take: string[] = [];
  const unless: string[] = [];
  for (const part of parts) {
    for (const id of part.close ?? []) {
      close.add(id);
      ask.delete(id);
    }
    for (const question of part.ask ?? []) ask.set(question.id, question);
    for (const row of part.drop ?? []) {
      drop.set(nameOf(row), row);
      put.delete(nameOf(row));
    }
    for (const row of part.put ?? []) put.set(nameOf(row), row);
    if (part.take) take.push(...part.take);
    if (part.unless) unless.push(...part.unless);
  }
  return {
    put: filled([...put.values()]),
    drop: filled([...drop.values()]),
    ask: filled([...ask.values()]),
    close: filled([...close]),
    take: filled(take),
    unless: filled(unless),
  };
}

const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);
