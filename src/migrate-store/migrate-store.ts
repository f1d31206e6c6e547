/**
 * Copies all runs from one store to another. What copies is loaded with the first call.
 *
 * @module
 */
import { InvalidArgumentError } from '../errors.ts';
import type { Store } from '../store.ts';
import type { MigrateOptions, MigrationReport } from './migrate-options.ts';

/**
 * Copies all runs with their history, rows, messages and questions, and compares each copy with what it was made from.
 * Works between any two stores, sealed ones too. Each run is taken for as long as it is copied, so that nobody changes it
 * meanwhile; the source stays as it is. A run appears in the other store when its copy is whole.
 *
 * It may be stopped, or killed, at any time and called again: runs that are there and equal are skipped, and half copies
 * are made anew. Stop what works on both stores first: what is sent to a run of the source that was copied already stays
 * there. Tombstones of deleted runs are not copied.
 *
 * ```ts
 * const report = await migrateStore(sqliteStore('runs.db'), postgresStore(pool), { progress: process.stderr });
 * ```
 *
 * @throws {RunLockedError} where somebody works on a run. What was copied before stays; release the run, and call again.
 * @throws {RunExistsError} where the other store has a run that has the same id and is not equal.
 * @throws {StoreError} where a store fails, or does not give back what was written.
 */
export async function migrateStore(
  from: Store,
  to: Store,
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  for (const store of [from, to])
    if (typeof store?.commit !== 'function')
      throw new InvalidArgumentError('migrateStore(from, to) needs two stores, such as sqliteStore() makes.');
  if (from === to)
    throw new InvalidArgumentError(
      'migrateStore(from, to) copies from one store to another; they are the same.',
    );
  const { Migration } = await import('./migration.ts');
  return new Migration(from, to, options).run();
}
