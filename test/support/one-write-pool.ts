/** A pool that is as strict as CockroachDB about its statements, over a server that is not. */
import type { Pool, PoolClient } from 'pg';
import type { PostgresPool, PostgresResult } from 'savepoint/postgres';

/** A statement that CockroachDB would refuse is an error. */
export function oneWritePool(pool: Pool): PostgresPool {
  const query = async (
    client: Pool | PoolClient,
    text: string,
    values?: unknown[],
  ): Promise<PostgresResult> => {
    const tables = [...text.matchAll(/\b(?:INSERT INTO|DELETE FROM|(?<!FOR |DO )UPDATE) (\S+)/g)].map(
      ([, table]) => table,
    );
    const twice = tables.find((table, i) => tables.indexOf(table) !== i);
    if (twice !== undefined) throw new Error(`This statement writes ${twice} twice: ${text}`);
    if (/notify|listen|advisory/i.test(text)) throw new Error(`CockroachDB has no such thing: ${text}`);
    return client.query(text.replace('version()', `'CockroachDB CCL v25.1.0'`), values);
  };
  return {
    query: (text, values) => query(pool, text, values),
    connect: async () => {
      const client = await pool.connect();
      return {
        query: (text, values) => query(client, text, values),
        release: (error) => client.release(error),
      };
    },
  };
}
