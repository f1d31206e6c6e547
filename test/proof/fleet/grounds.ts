/** Where the fleet works: a store that its processes share, and what hands out the runs. */
import { join } from 'node:path';
import { Pool } from 'pg';
import { polling, type Engine, type Store } from 'savepoint';
import { graphileWorker } from 'savepoint/graphile-worker';
import { postgresStore } from 'savepoint/postgres';
import { sqliteStore } from 'savepoint/sqlite';
import { startPostgres } from '../../../examples/postgres/server.ts';

/** As a process is told of it. */
export type Ground =
  | { readonly store: 'sqlite'; readonly path: string }
  | { readonly store: 'postgres'; readonly url: string; readonly engine: 'polling' | 'graphile-worker' };

/** A place for a fleet, and what may be done to it. */
export interface Place {
  readonly ground: Ground;
  /** Takes the server away for a moment, where there is one. */
  restart?(): Promise<void>;
  end(): Promise<void>;
}

export interface Opened {
  readonly store: Store;
  readonly engine: Engine;
  close(): Promise<void>;
}

/** In a process of the fleet. */
export function openGround(ground: Ground): Opened {
  if (ground.store === 'sqlite') {
    const store = sqliteStore(ground.path);
    return { store, engine: polling(), close: async () => store.close() };
  }
  const pool = new Pool({ connectionString: ground.url, max: 12 });
  const engine = ground.engine === 'polling' ? polling() : graphileWorker({ pool });
  const { wakeUps } = engine as Partial<ReturnType<typeof graphileWorker>>;
  const store = postgresStore(pool, { wakeUps });
  return {
    store,
    engine,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

async function onPostgres(engine: 'polling' | 'graphile-worker'): Promise<Place | undefined> {
  const server = await startPostgres({ fsync: true, settings: { max_connections: 200 } });
  return (
    server && {
      ground: { store: 'postgres', url: server.connectionString, engine },
      async restart() {
        await server.kill();
        await server.restart();
      },
      end: () => server.stop(),
    }
  );
}

/** By name. Without a server there is none. */
export const grounds: Readonly<Record<string, (folder: string) => Promise<Place | undefined>>> = {
  'SQLite, polling()': async (folder) => ({
    ground: { store: 'sqlite', path: join(folder, 'fleet.db') },
    end: async () => {},
  }),
  'PostgreSQL, polling()': () => onPostgres('polling'),
  'PostgreSQL, graphile-worker': () => onPostgres('graphile-worker'),
};
