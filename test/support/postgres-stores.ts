/** PostgreSQL stores for a test file, each in a schema of its own, and pools that end with their test. */
import pg from 'pg';
import type { Store } from 'savepoint';
import { postgresStore, type PostgresPool } from 'savepoint/postgres';
import { onTestFinished } from 'vitest';
import type { PostgresServer } from '../../examples/postgres/server.ts';

let schemas = 0;

/** A schema that no other test of the file has. */
export function freshSchema(): string {
  return `test-${++schemas}`;
}

/** A pool without a listener for errors, as a user may have one. */
export function temporaryPool({ port }: Pick<PostgresServer, 'port'>, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ...options });
  onTestFinished(() => pool.end());
  return pool;
}

export function temporaryPostgres(pool: PostgresPool, schema: string = freshSchema()): Store {
  const store = postgresStore(pool, { schema });
  onTestFinished(() => store.close());
  return store;
}
