/**
 * What is journaled of a step, as compact JSON:
 * - `[call, overlapped, "done", result?]`: it is finished. A result that is more than JSON is in a `"rich"` entry, as text.
 * - `[call, overlapped, "failed", error]`: it is finished, by an error, as text.
 * - `[call, overlapped, "retry", attempt, due]`: the next try has this number, and may start when it is due.
 * - `[call, overlapped, "sleep", due]`: it sleeps until then.
 * - `[call, overlapped, "ask", id]`: it waits for the answer to the question with this id.
 *
 * `call` is the number of the call among all of the effect's; `overlapped` is 1 where another step was in flight.
 */
import { StoreError } from '../errors.ts';

export type EntryState = 'done' | 'rich' | 'failed' | 'retry' | 'sleep' | 'ask';

/** An entry that was read. */
export interface Entry {
  readonly key: string;
  readonly call: number;
  readonly overlapped: 0 | 1;
  readonly state: EntryState;
  /** What follows the state. */
  readonly value: unknown;
  readonly due: number;
  /** Has the function come to its step again? */
  isTaken: boolean;
}

/** An entry of a step that is not run any more. */
export interface Finished extends Entry {
  readonly state: 'done' | 'rich' | 'failed';
}

export const isFinished = (entry: Entry | undefined): entry is Finished =>
  entry !== undefined && !['retry', 'sleep', 'ask'].includes(entry.state);

/** Where in its effect a step was called. */
export interface Place {
  readonly call: number;
  readonly overlapped: 0 | 1;
}

const following = (state: EntryState) => [`,0,"${state}"`, `,1,"${state}"`] as const;

// What follows the number of the call, in one piece: V8 makes a text of each piece on the way to the whole.
const afterCall: Readonly<Record<EntryState, readonly [string, string]>> = {
  done: following('done'),
  rich: following('rich'),
  failed: following('failed'),
  retry: following('retry'),
  sleep: following('sleep'),
  ask: following('ask'),
};

/** The text of an entry; `json` is what follows the state. */
export const entryText = ({ call, overlapped }: Place, state: EntryState, json?: string): string =>
  json === undefined
    ? `[${call}${afterCall[state][overlapped]}]`
    : `[${call}${afterCall[state][overlapped]},${json}]`;

/** The text of the entry of a step that gave a value, encoded as `Journal.encode` does. */
export const resultText = (place: Place, encoded: string): string =>
  encoded.startsWith('=')
    ? entryText(place, 'rich', JSON.stringify(encoded))
    : entryText(place, 'done', encoded);

/** Reads an entry. Throws `StoreError` where it is damaged. */
export function readEntry(effectId: string, key: string, text: string): Entry {
  try {
    const [call, overlapped, state, value, due] = JSON.parse(text) as [
      number,
      0 | 1,
      EntryState,
      unknown,
      number,
    ];
    return { key, call, overlapped, state, value, due, isTaken: false };
  } catch (cause) {
    const what = `The journal of the effect '${effectId}' is damaged at '${key}'.`;
    throw new StoreError(what, 'failed', { cause });
  }
}
