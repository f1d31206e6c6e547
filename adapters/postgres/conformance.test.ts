import { Pool } from 'pg';
import { afterAll, describe } from 'vitest';
import { oneWritePool } from '../../test/support/one-write-pool.ts';
import { startPostgres } from '../../examples/postgres/server.ts';
import { testStore } from '../conformance/index.ts';
import { postgresStore } from './index.ts';

const server = await startPostgres();
const pool = new Pool({ connectionString: server?.connectionString });

describe.runIf(server)('PostgreSQL', () => {
  afterAll(async () => {
    await pool.end();
    await server?.stop();
  });

  const destroy = async (place: string): Promise<void> => {
    await pool.query(`DROP SCHEMA "${place}" CASCADE`);
  };
  const strict = oneWritePool(pool);

  testStore('the PostgreSQL store', (place) => postgresStore(pool, { schema: place }), { destroy });
  testStore(
    'the same, as CockroachDB needs it',
    async (place) => {
      const store = postgresStore(strict, { schema: place });
      // Only then it is known what the server can do.
      await store.runs({ limit: 1 });
      return store;
    },
    { destroy },
  );
});
