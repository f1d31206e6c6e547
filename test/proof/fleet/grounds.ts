/** Where the fleet works: a store that its processes share, and what hands out the runs. */
import { join } from 'node:path';
import { polling, type Engine, type Store } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';

/** As a process is told of it. */
export type Ground = { readonly store: 'sqlite'; readonly path: string };

/** A place for a fleet, and what may be done to it. */
export interface Place {
  readonly ground: Ground;
  /** Takes the store away for a moment, where it is a server. */
  restart?(): Promise<void>;
  end(): Promise<void>;
}

export async function openGround(ground: Ground): Promise<{ store: Store; engine: Engine }> {
  return { store: sqliteStore(ground.path), engine: polling() };
}

/** By name. */
export const grounds: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  'SQLite, polling()': async (folder) => ({
    ground: { store: 'sqlite', path: join(folder, 'fleet.db') },
    end: async () => {},
  }),
};
