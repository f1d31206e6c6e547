/** Where runs live, as any process is told of it. */
import { Pool } from 'pg';
import { createClient } from 'redis';
import type { Store } from 'savepoint';
import { fileStore } from 'savepoint/file';
import { postgresStore } from 'savepoint/postgres';
import { redisStore } from 'savepoint/redis';
import { sqliteStore } from 'savepoint/sqlite';

export type Place =
  | { readonly store: 'sqlite'; readonly path: string }
  | { readonly store: 'file'; readonly folder: string }
  | { readonly store: 'postgres'; readonly url: string; readonly schema: string }
  | { readonly store: 'redis'; readonly url: string; readonly prefix: string };

/** One process's hold on a place. */
export interface OpenedPlace {
  readonly store: Store;
  /** A handle of its own on the same place: it sees what is committed, and nothing else. */
  another(): Store;
  /** Closes all of its stores, and what they stand on. */
  close(): Promise<void>;
}

/** Each promise holds as it does by default: what is committed is on the disk. */
export function openPlace(place: Place): OpenedPlace {
  const { make, end } = makerOf(place);
  const stores: Store[] = [];
  const another = (): Store => {
    const store = make();
    stores.push(store);
    return store;
  };
  return {
    store: another(),
    another,
    async close() {
      for (const store of stores) await store.close();
      await end();
    },
  };
}

interface Maker {
  readonly make: () => Store;
  readonly end: () => Promise<void>;
}

const nothing = async (): Promise<void> => {};

function makerOf(place: Place): Maker {
  switch (place.store) {
    case 'sqlite':
      return { make: () => sqliteStore(place.path), end: nothing };
    case 'file':
      return { make: () => fileStore(place.folder), end: nothing };
    case 'postgres': {
      const { url, schema } = place;
      const pool = new Pool({ connectionString: url, max: 8 });
      return { make: () => postgresStore(pool, { schema }), end: () => pool.end() };
    }
    case 'redis': {
      const { url, prefix } = place;
      // It only says where: each store makes connections of its own.
      const client = createClient({ url });
      return { make: () => redisStore(client, { prefix }), end: nothing };
    }
  }
}
