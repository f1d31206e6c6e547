/**
 * A run in the catalog: what is listed of it, and how much of its file that stands on.
 *
 * @module
 */
import type { Head, Question, StoredRun } from '../../src/store.ts';
import type { Hold } from './record.ts';
import type { Chain } from './run-file.ts';

/** What is known of a run without a look into its file. */
export interface Entry {
  readonly run: string;
  readonly inode: number;
  /** In bytes. */
  readonly size: number;
  /** The number of the last line. */
  readonly n: number;
  /** Its sum. */
  readonly sum: string;
  /** Missing: there is no such run, or not any more. */
  readonly head: Head | undefined;
  readonly seq: number;
  readonly updatedAt: number;
  readonly fence: number;
  readonly hold: Hold | undefined;
  readonly hasMessages: boolean;
  readonly questions: ReadonlyMap<string, Question>;
  readonly buried: number | undefined;
}

/** A run that is there. */
export type ListedEntry = Entry & { readonly head: Head };

/** What the lines of a file come to. */
export function entryOf({ run, inode, end, n, sum, state }: Chain): Entry {
  const { head, fence, hold, questions, buried, inbox } = state;
  const newest = state.checkpoints.at(-1);
  return {
    run,
    inode,
    size: end,
    n,
    sum,
    head,
    seq: newest?.seq ?? 0,
    updatedAt: newest?.time ?? head?.createdAt ?? 0,
    fence,
    hold,
    hasMessages: inbox.size > 0,
    questions,
    buried,
  };
}

/** Whether there is such a run. */
export function isListed(entry: Entry): entry is ListedEntry {
  return entry.head !== undefined;
}

/** The run as it is listed: a copy, which the caller may change. */
export function storedRun({ run, head, seq, updatedAt, fence }: ListedEntry): StoredRun {
  return { ...head, tags: [...head.tags], run, seq, updatedAt, fence };
}
