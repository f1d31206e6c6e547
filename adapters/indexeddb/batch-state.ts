/**
 * What a batch has to know before it writes.
 *
 * @module
 */
import type { Message, RunCommit } from '../../src/store.ts';
import { within } from './ranges.ts';
import type { FenceRecord, StoreName, Writing } from './schema.ts';

/** How many expired tombstones go at a time. */
const slice = 100;

/**
 * All that the commits of a batch look at, read in one go and kept up to date as they write: so each of
 * them is checked and written without a wait, and the second one of a run finds what the first one wrote.
 */
export class BatchState {
  readonly fences: Map<string, FenceRecord> = new Map();
  /** Those that have a record. */
  readonly owners: Set<string> = new Set();
  /** Id of a deleted run to the time from which it may be created again. */
  readonly tombstones: Map<string, number> = new Map();
  /** Deleted runs whose ids may be used again: their tombstones are in nobody's way, and go with the next one. */
  expired: readonly string[] = [];
  /** Id of an open question to its run. */
  readonly askers: Map<string, string> = new Map();
  readonly #messages = new Map<string, Message>();

  static async read(tx: Writing, batch: readonly RunCommit[]): Promise<BatchState> {
    const state = new BatchState();
    const reads: Promise<unknown>[] = [];
    const read = <T>(request: Promise<T | undefined>, found: (value: T) => void): void => {
      reads.push(request.then((value) => value !== undefined && found(value)));
    };
    const owners = new Set(batch.map((commit) => commit.owner));
    for (const owner of owners) {
      read(tx.objectStore('owners').getKey(owner), () => state.owners.add(owner));
    }
    for (const run of new Set(batch.map((commit) => commit.run))) {
      read(tx.objectStore('fences').get(run), (fence) => state.fences.set(run, fence));
    }
    for (const { run, create, remove, unless = [], ask = [], close = [] } of batch) {
      if (create === true) {
        read(tx.objectStore('tombstones').get(run), ({ until }) => state.tombstones.set(run, until));
      }
      for (const id of unless) {
        read(tx.objectStore('inbox').get([run, id]), (message) => state.#leave(run, message));
      }
      for (const id of [...close, ...ask.map((question) => question.id)]) {
        read(tx.objectStore('questions').get(id), (question) => state.askers.set(id, question.run));
      }
      if (remove !== undefined) {
        const past = tx
          .objectStore('tombstones')
          .index('until')
          .getAllKeys(IDBKeyRange.upperBound(Date.now()), slice);
        read(past, (ids) => (state.expired = ids));
        read(
          tx
            .objectStore('questions')
            .index('run')
            .getAllKeys(within([run])),
          (ids) => {
            for (const id of ids) state.askers.set(id, run);
          },
        );
      }
    }
    await Promise.all(reads);
    return state;
  }

  /** A message that waits, of those that a commit names by `unless`. */
  message(run: string, id: string): Message | undefined {
    return this.#messages.get(messageKey(run, id));
  }

  taken(run: string, id: string): void {
    if (this.#messages.size > 0) this.#messages.delete(messageKey(run, id));
  }

  isBuried(run: string): boolean {
    return (this.tombstones.get(run) ?? 0) > Date.now();
  }

  #leave(run: string, { id, value }: Message): void {
    this.#messages.set(messageKey(run, id), { id, value });
  }
}

/** Ids may hold any character. */
function messageKey(run: string, id: string): string {
  return JSON.stringify([run, id]);
}

/** The object stores that a batch reads and writes. */
export function storesOf(batch: readonly RunCommit[]): StoreName[] {
  const stores = new Set<StoreName>(['owners', 'fences']);
  const add = (isNeeded: boolean, ...names: readonly StoreName[]): void => {
    if (isNeeded) for (const name of names) stores.add(name);
  };
  for (const commit of batch) {
    const { create = false, release = false, remove, checkpoints, dropBefore, head } = commit;
    if (remove !== undefined) {
      add(true, 'held', 'runs', 'checkpoints', 'rows', 'inbox', 'questions', 'tombstones');
    }
    add(create, 'tombstones');
    add(create || release, 'held');
    add(head !== undefined, 'runs');
    add(isGiven(checkpoints) || dropBefore !== undefined, 'checkpoints');
    add(isGiven(commit.put) || isGiven(commit.drop), 'rows');
    add(isGiven(commit.unless) || isGiven(commit.take), 'inbox');
    add(isGiven(commit.ask) || isGiven(commit.close), 'questions');
  }
  return [...stores];
}

function isGiven(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
