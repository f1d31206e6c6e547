/**
 * `commit`: batches of writes, atomic for each run.
 *
 * @module
 */
import type { Outcome, RunCommit } from '../../src/store.ts';
import { BatchState, storesOf } from './batch-state.ts';
import type { Connection } from './connection.ts';
import { failed, isOfOneCommit, storeError, TransactionError } from './failure.ts';
import { RunWrites } from './run-writes.ts';

/** Commits in order, with an outcome for each. */
export class Commits {
  constructor(readonly connection: Connection) {}

  /** @throws StoreError with `outcome: 'unknown'` where the browser does not say what became of them. */
  async commit(batch: readonly RunCommit[]): Promise<Outcome[]> {
    if (batch.length === 0) return [];
    try {
      return await this.#together(batch);
    } catch (error) {
      if (batch.length === 1 || !isOfOneCommit(error)) return batch.map(() => this.#failed(error));
    }
    // Something in it cannot be stored, or is too large for the room that is left: each by itself.
    const outcomes: Outcome[] = [];
    for (const commit of batch) {
      outcomes.push(...(await this.#together([commit]).catch((error: unknown) => [this.#failed(error)])));
    }
    return outcomes;
  }

  #together(batch: readonly RunCommit[]): Promise<Outcome[]> {
    return this.connection.write(storesOf(batch), async (tx) => {
      const writes = new RunWrites(tx, await BatchState.read(tx, batch));
      return batch.map((commit) => writes.apply(commit));
    });
  }

  #failed(error: unknown): Outcome {
    if (error instanceof TransactionError && error.isKnown) return failed(this.connection.name, error);
    throw storeError(this.connection.name, error);
  }
}
