/**
 * `acquire`: taking a run.
 *
 * @module
 */
import { describeHolder } from '../node/holder.ts';
import { StoreError } from '../../src/errors.ts';
import type { Acquired } from '../../src/store.ts';
import type { Leases } from './leases.ts';
import type { RunFile } from './run-file.ts';
import type { Decision, Writer } from './writer.ts';

/** Takes runs for owners. */
export class Holding {
  constructor(
    readonly writer: Writer,
    readonly leases: Leases,
  ) {}

  acquire(run: string, owner: string): Promise<Acquired> {
    return this.writer.writeOne({ run, decide: (file) => this.#decide(file, owner) });
  }

  #decide(file: RunFile | undefined, owner: string): Decision<Acquired> {
    const own = this.leases.find(owner);
    if (own === undefined) {
      throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
    }
    if (file?.state.head === undefined) return { answer: { status: absence(file) } };
    const { hold, fence } = file.state;
    const keeping = hold === undefined || hold.owner === owner ? undefined : this.leases.keeping(hold);
    if (keeping !== undefined) {
      return { answer: { status: 'held', by: describeHolder(keeping.holder), until: keeping.until } };
    }
    const taken = { hold: { owner, key: own.key }, fence: fence + 1 };
    return { answer: { status: 'acquired', fence: taken.fence }, line: taken };
  }
}

/** What there is in place of a run. */
export function absence(file: RunFile | undefined): 'missing' | 'deleted' {
  return (file?.state.buried ?? 0) > Date.now() ? 'deleted' : 'missing';
}
