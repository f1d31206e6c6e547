/**
 * Transactions of a database that is opened when it is needed.
 *
 * @module
 */
import { closedError, nameOf, storeError, TransactionError } from './failure.ts';
import { Opening } from './opening.ts';
import type { Database, Reading, StoreName, Writing } from './schema.ts';

/**
 * Errors of a connection that is closed, or that a browser has broken off. Safari does that to pages in the
 * background, and tells of it by nothing but the first of them on every call from then on.
 */
const lostConnection: ReadonlySet<string> = new Set(['UnknownError', 'InvalidStateError', 'AbortError']);

/** The way to a database: opened at the first call, and again at the first call after it was lost. */
export class Connection {
  #opening: Opening | undefined;
  #isClosed = false;

  constructor(
    readonly name: string,
    readonly durability: 'strict' | 'relaxed',
    /** Whether the browser is asked to keep the data. */
    private persist: boolean,
  ) {}

  /** Runs `body` on one state of the database. It may wait for nothing but requests. */
  async read<T>(stores: readonly StoreName[], body: (tx: Reading) => Promise<T>): Promise<T> {
    const read = async (): Promise<T> => {
      const tx = await this.#begin((db) => db.transaction([...stores]));
      tx.done.catch(() => {});
      return body(tx);
    };
    try {
      // Once more where the connection was lost meanwhile: nothing has come of it.
      return await read().catch((error: unknown) => (this.#isLost(error) ? read() : Promise.reject(error)));
    } catch (error) {
      throw storeError(this.name, error);
    }
  }

  /**
   * Runs `body` in a transaction, and answers when that is complete. Rejects with a `TransactionError`, or
   * with a `StoreError` where none could be begun.
   */
  async write<T>(stores: readonly StoreName[], body: (tx: Writing) => Promise<T>): Promise<T> {
    const { durability } = this;
    const tx = await this.#begin((db) => db.transaction([...stores], 'readwrite', { durability })).catch(
      (error: unknown) => {
        throw storeError(this.name, error);
      },
    );
    const end = endOf(tx);
    let value;
    try {
      value = await body(tx);
      tx.commit();
    } catch (error) {
      abort(tx);
      await end;
      this.#isLost(error);
      throw new TransactionError(error, true);
    }
    const failure = await end;
    if (failure === undefined) return value;
    this.#isLost(failure);
    throw failure;
  }

  /** Later calls fail. What is under way is brought to its end. */
  close(): void {
    this.#isClosed = true;
    this.#opening?.close();
    this.#opening = undefined;
  }

  async #begin<Tx>(begin: (db: Database) => Tx): Promise<Tx> {
    try {
      return begin(await this.#opened());
    } catch (error) {
      if (!this.#isLost(error)) throw error;
      return begin(await this.#opened());
    }
  }

  /** Whether an error tells that the database is not open any more. It is then opened again by the next call. */
  #isLost(error: unknown): boolean {
    if (!lostConnection.has(nameOf(error) ?? '')) return false;
    this.#opening?.close();
    this.#opening = undefined;
    return true;
  }

  async #opened(): Promise<Database> {
    if (this.#isClosed) throw closedError(this.name);
    this.#opening ??= new Opening(this.name, (lost) => this.#forget(lost));
    if (this.persist) this.#askToPersist();
    const opening = this.#opening;
    try {
      return await opening.ready();
    } catch (error) {
      // Where other tabs are in the way it goes on, and a second one would only queue up behind it.
      if (opening.hasFailed) this.#forget(opening);
      throw error;
    }
  }

  /** Not awaited: a browser may ask the user, who may never answer. */
  #askToPersist(): void {
    this.persist = false;
    const { storage } = navigator as Partial<Navigator>;
    storage?.persist?.().catch(() => {});
  }

  #forget(opening: Opening): void {
    if (this.#opening === opening) this.#opening = undefined;
  }
}

/** How a transaction ends: `undefined` where it completes. Never rejects. */
function endOf(tx: Writing): Promise<TransactionError | undefined> {
  // Its reason is lost where a request failed: idb settles before the browser says why.
  tx.done.catch(() => {});
  return new Promise((resolve) => {
    let hasRequestFailed = false;
    tx.addEventListener('complete', () => resolve(undefined));
    tx.addEventListener('error', ({ target }) => {
      // A transaction that is cut off ends its requests like that; it is none of them that ends it.
      if ((target as IDBRequest).error?.name !== 'AbortError') hasRequestFailed = true;
    });
    tx.addEventListener('abort', () => {
      const { error } = tx;
      const isKnown = hasRequestFailed || error?.name === 'QuotaExceededError';
      resolve(
        new TransactionError(
          error ?? new DOMException('The transaction was cut off.', 'AbortError'),
          isKnown,
        ),
      );
    });
  });
}

function abort(tx: Writing): void {
  try {
    tx.abort();
  } catch {
    // It is at its end already.
  }
}
