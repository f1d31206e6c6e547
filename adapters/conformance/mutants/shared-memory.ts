/**
 * A store that can do all there is, in this process's memory: what the mutants are made from.
 *
 * @module
 */
import type { Store } from '../../../src/store.ts';
import { memoryStore } from '../../memory.ts';

interface Room {
  readonly store: Store;
  /** Who listens, on which handle. */
  readonly listeners: Set<{ readonly handle: Store; readonly wake: (run: string) => void }>;
}

/** Stores of which each place has as many handles as are asked for. They are there until this is gone. */
export function sharedMemory(): (place: string) => Store {
  const rooms = new Map<string, Room>();
  return (place) => {
    let room = rooms.get(place);
    if (room === undefined) rooms.set(place, (room = { store: memoryStore(), listeners: new Set() }));
    return handleOn(room);
  };
}

function handleOn({ store, listeners }: Room): Store {
  let now = store;
  const tell = (run: string): void => {
    for (const listener of listeners) if (listener.handle !== handle) listener.wake(run);
  };
  const handle: Store = {
    lease: (owner, ms) => now.lease(owner, ms),
    acquire: (run, owner) => now.acquire(run, owner),
    commit: async (batch) => {
      const outcomes = await now.commit(batch);
      batch.forEach(({ run }) => tell(run));
      return outcomes;
    },
    load: (run, at) => now.load(run, at),
    enqueue: async (run, message, unless) => {
      const answer = await now.enqueue(run, message, unless);
      tell(run);
      return answer;
    },
    rows: (run, kind, scan) => now.rows(run, kind, scan),
    questions: (scan) => now.questions(scan),
    runs: (scan) => now.runs(scan),
    history: (run, scan) => now.history(run, scan),
    listen: async (wake) => {
      await now.runs({ limit: 0 });
      const listener = { handle, wake };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      for (const listener of listeners) if (listener.handle === handle) listeners.delete(listener);
      now = memoryStore();
      await now.close();
    },
  };
  return handle;
}
