/**
 * Owners, and the runs that they hold.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Acquired } from '../../src/store.ts';
import { describeHolder, type Holder, isGone, thisHolder } from '../node/holder.ts';
import { type Arg, pack, unpack } from './bytes.ts';
import type { Connection } from './connection.ts';
import { ordered } from './order.ts';
import { acquireScript, dropOwnersScript, holdersScript, leaseScript } from './scripts/leases.ts';

/** An owner that nobody has heard of for so long is forgotten, wherever its process is. */
const forgetAfter = 30 * 24 * 60 * 60 * 1000;

/** `lease` and `acquire`. */
export class Leases {
  readonly #self: Holder = thisHolder();
  readonly #selfText: string = JSON.stringify(this.#self);

  constructor(readonly connection: Connection) {}

  async lease(owner: string, ms: number): Promise<void> {
    const id = ordered(owner);
    const args = [id, String(ms), pack([id, this.#selfText]), String(forgetAfter)];
    const isNew = (await this.connection.run(leaseScript, args)) === 1;
    // A new owner clears away those that were killed.
    if (isNew) await this.dropGone();
  }

  async acquire(run: string, owner: string): Promise<Acquired> {
    let answer = await this.#acquire(run, owner, '');
    if (answer[0].toString() === 'held' && this.#isGone(answer[2])) {
      answer = await this.#acquire(run, owner, answer[3]);
    }
    const [word, value, holder] = answer;
    switch (word.toString()) {
      case 'acquired':
        return { status: 'acquired', fence: Number(value) };
      case 'held':
        return { status: 'held', by: describe(parseHolder(holder)), until: Number(value) };
      case 'missing':
        return { status: 'missing' };
      case 'deleted':
        return { status: 'deleted' };
      default:
        throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
    }
  }

  /** Drops the owners whose processes are gone, so that their runs are free at once. */
  async dropGone(): Promise<void> {
    const items = (await this.connection.run(holdersScript, [])) as Buffer[];
    const gone = items.filter((_, i) => i % 2 === 0 && this.#isGone(items[i + 1]!));
    if (gone.length > 0) await this.connection.run(dropOwnersScript, gone);
  }

  /** Also where the owner with the number `gone` holds it: numbers are never given out again. */
  async #acquire(run: string, owner: string, gone: Arg): Promise<AcquireReply> {
    return (await this.connection.run(acquireScript, [
      ordered(run),
      ordered(owner),
      gone,
    ])) as unknown as AcquireReply;
  }

  #isGone(packed: Buffer | null): boolean {
    const holder = parseHolder(packed);
    return holder !== undefined && isGone(holder, this.#self);
  }
}

type AcquireReply = readonly [word: Buffer, value: Buffer, holder: Buffer | null, number: Buffer];

/** `undefined`: it is damaged. Then time frees what it holds. */
function parseHolder(packed: Buffer | null): Holder | undefined {
  const text = packed && unpack(packed)?.[1];
  try {
    return text ? (JSON.parse(text.toString()) as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function describe(holder: Holder | undefined): string {
  return holder === undefined ? 'a process that is not known' : describeHolder(holder);
}
