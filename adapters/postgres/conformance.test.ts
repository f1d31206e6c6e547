import { Pool } from 'pg';
import { afterAll, describe } from 'vitest';
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

  testStore('the PostgreSQL store', (place) => postgresStore(pool, { schema: place }), {
    destroy: async (place) => void (await pool.query(`DROP SCHEMA "${place}" CASCADE`)),
  });
});
