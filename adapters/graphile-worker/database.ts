/**
 * The way to graphile-worker's tables.
 *
 * @module
 */
import { type Logger, makeWorkerUtils, type WorkerUtils, type WorkerUtilsOptions } from 'graphile-worker';
import type { PostgresPool } from '../postgres/index.ts';

/** SQLSTATEs that a process meets while another one creates the same things. */
const creating = ['23505', '42P06', '42P07', '42710', 'XX000', '40001', '40P01'];

/** How often to look again while others create the tables. */
const mostLooks = 50;

/** Where the tables are. */
export interface Database {
  readonly pool: PostgresPool | undefined;
  readonly connectionString: string | undefined;
  readonly schema: string;
}

/** The same as graphile-worker takes it. */
export function options(
  { pool, connectionString, schema }: Database,
  logger: Logger,
): Pick<WorkerUtilsOptions, 'pgPool' | 'connectionString' | 'schema' | 'logger'> {
  if (pool === undefined) return { connectionString: connectionString!, schema, logger };
  // graphile-worker is given what it was written for; the types of pg are not needed to use this package.
  return { pgPool: pool as unknown as NonNullable<WorkerUtilsOptions['pgPool']>, schema, logger };
}

/** Creates the tables where they are missing; any number of processes may do so at once. */
export async function migrated(database: Database, logger: Logger): Promise<WorkerUtils> {
  for (let look = 1; ; look++) {
    try {
      return await makeWorkerUtils(options(database, logger));
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'string' || !creating.includes(code) || look === mostLooks) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
    }
  }
}
