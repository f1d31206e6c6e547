/**
 * The engine for many processes over PostgreSQL: graphile-worker hands out the runs.
 *
 * @module
 */
import { InvalidArgumentError } from '../../src/errors.ts';
import type { Engine } from '../../src/worker/engine.ts';
import type { PostgresPool, WakeUps } from '../postgres/index.ts';
import { migrated } from './database.ts';
import { Jobs } from './jobs.ts';
import { loggerTo } from './logger.ts';
import { startWorking } from './working.ts';

/** The options of `graphileWorker`: one of `pool` and `connectionString` is needed. */
export interface GraphileWorkerOptions {
  /** A `Pool` of pg, which may be the store's. It stays open. */
  readonly pool?: PostgresPool | undefined;
  readonly connectionString?: string | undefined;
  /** The schema of graphile-worker's own tables: `'graphile_worker'`. It is created where it is missing. */
  readonly schema?: string | undefined;
  /** The name of the task. Two stores in one database need two names. Default `'savepoint'`. */
  readonly task?: string | undefined;
}

/** An engine, and what tells a store to wake it. */
export interface GraphileEngine extends Engine {
  /** For `postgresStore(pool, { wakeUps })`: has each commit add, move or remove its run's job. */
  readonly wakeUps: WakeUps;
}

/**
 * An engine on graphile-worker. A commit or a message that leaves a run with something to do adds the run's
 * job in the same transaction, so no wake-up is lost and none is invented. Claiming, retries, concurrency
 * and draining are graphile-worker's. Needs the package graphile-worker, and pg.
 *
 * ```ts
 * const engine = graphileWorker({ pool });
 * const store = postgresStore(pool, { wakeUps: engine.wakeUps });
 * const worker = createWorker({ runtime: createRuntime({ store, machines: [refund] }), engine });
 * ```
 *
 * All processes that write to the store must be told of the wake-ups, also those that do no work. What they
 * could not tell, such as a run that was left by a process that died, is found by a look at the store: at
 * the start, and every `limits.lease` milliseconds.
 *
 * @throws InvalidArgumentError
 */
export function graphileWorker(options: GraphileWorkerOptions): GraphileEngine {
  const { pool, connectionString, schema = 'graphile_worker', task = 'savepoint' } = options;
  if ((pool === undefined) === (connectionString === undefined)) {
    throw new InvalidArgumentError('graphileWorker() needs a pool or a connectionString, and not both.');
  }
  for (const [name, value] of Object.entries({ schema, task })) {
    if (typeof value !== 'string' || value === '' || value.length > 63 || value.includes('\0')) {
      throw new InvalidArgumentError(
        `${name} is a name of at most 63 characters, not ${JSON.stringify(value)}.`,
      );
    }
  }
  const jobs = new Jobs({ schema, task });
  const database = { pool, connectionString, schema };
  return {
    start: (work) => startWorking(work, { database, jobs, task }),
    wakeUps: {
      prepare: async () => {
        // What goes wrong is thrown, and the store tells of it.
        const utils = await migrated(
          database,
          loggerTo(() => {}),
        );
        await utils.release();
      },
      came: (run) => jobs.came(run),
      pressing: (run) => jobs.pressing(run),
      at: (run, due) => jobs.at(run, due),
      never: (run) => jobs.never(run),
    },
  };
}
