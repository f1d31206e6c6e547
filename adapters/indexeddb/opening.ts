/**
 * How a database is opened and made way for.
 *
 * @module
 */
import { openDB } from 'idb';
import { StoreError } from '../../src/errors.ts';
import { checkOurs, schemaVersion, upgrade } from './schema.ts';
import type { Database, Schema } from './schema.ts';

/** How long other tabs may take to make way for an upgrade, in milliseconds. */
const patience = 3000;

/** A database that is open, or is being opened. It cannot be told to stop: other tabs may hold it up. */
export class Opening {
  readonly #database: Promise<Database>;
  readonly #blocked: Promise<never>;
  /** It will never be opened. */
  hasFailed = false;

  constructor(
    readonly name: string,
    /** The database is closed: to make way for another tab, or by the browser. */
    readonly lost: (opening: Opening) => void,
  ) {
    if (typeof indexedDB === 'undefined') {
      throw new StoreError(
        'There is no IndexedDB here. In a browser it is there; on Node use sqliteStore() or fileStore().',
        'failed',
      );
    }
    let block = (): void => {};
    this.#blocked = new Promise((_, reject) => {
      block = () => setTimeout(() => reject(inTheWay(name)), patience);
    });
    this.#blocked.catch(() => {});
    this.#database = this.#open(() => block());
    this.#database.catch(() => {
      this.hasFailed = true;
    });
  }

  /** Rejects where other tabs do not make way. It may still be opened later. */
  ready(): Promise<Database> {
    return Promise.race([this.#database, this.#blocked]);
  }

  close(): void {
    this.#database.then((db) => db.close()).catch(() => {});
  }

  async #open(blocked: () => void): Promise<Database> {
    let refusal: unknown;
    const db = await openDB<Schema>(this.name, schemaVersion, {
      upgrade: (db, version, _, tx) => {
        tx.done.catch(() => {});
        try {
          upgrade(db, version);
        } catch (error) {
          refusal = error;
          tx.abort();
        }
      },
      blocked,
      blocking: () => this.#leave(),
      terminated: () => this.lost(this),
    }).catch((error: unknown) => {
      throw refusal ?? error;
    });
    try {
      checkOurs(db);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  /** For another tab that brings the database forward, or deletes it. What is under way here ends first. */
  #leave(): void {
    this.lost(this);
    this.close();
  }
}

function inTheWay(name: string): StoreError {
  return new StoreError(
    `The database '${name}' waits for other tabs of this site that have an older version of it open. ` +
      'Reload or close them.',
    'failed',
  );
}
