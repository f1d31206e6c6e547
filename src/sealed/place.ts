/**
 * Where a sealed record belongs. It is bound to its place: elsewhere it cannot be opened.
 *
 * @module
 */
import { CorruptCheckpointError, StoreError, type SavepointError } from '../errors.ts';
import type { RowKind } from '../store.ts';

/** What a record is, the run that it belongs to, and what it is found by. */
export type Place =
  | readonly [what: 'head', run: string]
  | readonly [what: 'header' | 'body', run: string, seq: number, base: boolean]
  | readonly [what: 'row', run: string, kind: RowKind, key: string]
  | readonly [what: 'message' | 'question', run: string, id: string];

/** For people, as the beginning of a sentence. */
export function nameOf(place: Place): string {
  const [what, run] = place;
  switch (what) {
    case 'head':
      return `The head of run '${run}'`;
    case 'header':
    case 'body':
      return `The ${what} of checkpoint ${place[2]} of run '${run}'`;
    case 'row':
      return `The row of kind '${place[2]}' with the key '${place[3]}' of run '${run}'`;
    case 'message':
    case 'question':
      return `The ${what} '${place[2]}' of run '${run}'`;
  }
}

/** The error for a record that is not what was once written at its place. `reason` and `wayOut` are parts of sentences. */
export function damaged(
  place: Place,
  reason: string,
  { wayOut = 'Restore it from a backup of the store', ...options }: ErrorOptions & { wayOut?: string } = {},
): SavepointError {
  const [what, run] = place;
  return what === 'header' || what === 'body'
    ? new CorruptCheckpointError(run, place[2], `its ${what} ${reason}. ${wayOut}`, options)
    : new StoreError(`${nameOf(place)} cannot be read: it ${reason}. ${wayOut}.`, 'failed', options);
}
