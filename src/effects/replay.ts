/** Tells for each step that a function comes to what is journaled of it, and whether the journal still fits. */
import { JournalMismatchError } from '../errors.ts';
import { type Entry, isFinished, readEntry } from './step-entry.ts';
import { decodeName } from './step-name.ts';

export class Replay {
  readonly #byKey = new Map<string, Entry>();
  readonly #byCall = new Map<number, Entry>();
  /**
   * The first call that found another step in flight. What came before it has one order; from here on, who comes
   * first depends on how long each step took, so that names alone tell.
   */
  #firstOverlap = Infinity;

  constructor(
    private readonly effectId: string,
    journaled: ReadonlyMap<string, string>,
  ) {
    for (const [key, text] of journaled) {
      const entry = readEntry(effectId, key, text);
      this.#byKey.set(key, entry);
      this.#byCall.set(entry.call, entry);
      if (entry.overlapped) this.#firstOverlap = Math.min(this.#firstOverlap, entry.call);
    }
  }

  /** What is journaled of the step that is called now. Throws `JournalMismatchError` where another one must be. */
  take(key: string, call: number): Entry | undefined {
    const expected = call < this.#firstOverlap ? this.#byCall.get(call) : undefined;
    if (expected && expected.key !== key) throw this.#mismatch(expected, key);
    const entry = this.#byKey.get(key);
    if (entry) entry.isTaken = true;
    return entry;
  }

  /** Why a function that ended does not fit: a finished step that it did not come to. */
  get left(): JournalMismatchError | undefined {
    let first: Entry | undefined;
    for (const entry of this.#byKey.values()) {
      if (isFinished(entry) && !entry.isTaken && (!first || entry.call < first.call)) first = entry;
    }
    return first && this.#mismatch(first);
  }

  #mismatch({ key }: Entry, came?: string): JournalMismatchError {
    return new JournalMismatchError(
      this.effectId,
      decodeName(key),
      came === undefined ? undefined : decodeName(came),
    );
  }
}
