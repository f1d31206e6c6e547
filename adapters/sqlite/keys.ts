/**
 * The integers behind the names of runs and owners, as far as they are known here.
 *
 * @module
 */
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';

/**
 * A cache may be behind the file: another process deletes a run, or gives up an owner. That does no harm,
 * as both numbers are never used again, and as every write compares what it finds under them.
 */
export class Keys {
  readonly #runs = new Map<string, number>();
  readonly #owners = new Map<string, number>();
  readonly #findRun: Statement;
  readonly #findOwner: Statement;

  constructor(connection: Connection) {
    this.#findRun = connection.prepare('SELECT rid FROM runs WHERE id = ?').pluck();
    this.#findOwner = connection.prepare('SELECT oid FROM owners WHERE id = ?').pluck();
    // A number from a transaction that was rolled back is given out again, to another run.
    connection.onRollback(() => {
      this.#runs.clear();
      this.#owners.clear();
    });
  }

  /** The key of a run that is written here; remembered until it is given up. */
  held(run: string): number | undefined {
    return this.#runs.get(run);
  }

  rememberRun(run: string, rid: number): void {
    this.#runs.set(run, rid);
  }

  forgetRun(run: string): void {
    this.#runs.delete(run);
  }

  /** The key of any run, from the file. */
  run(run: string): number | undefined {
    return this.#findRun.get(run) as number | undefined;
  }

  owner(owner: string): number | undefined {
    return this.#owners.get(owner) ?? this.readOwner(owner);
  }

  /** The key of an owner, from the file. */
  readOwner(owner: string): number | undefined {
    const oid = this.#findOwner.get(owner) as number | undefined;
    if (oid === undefined) this.#owners.delete(owner);
    else this.#owners.set(owner, oid);
    return oid;
  }

  /** With the owner go all runs that it held. */
  forgetOwner(owner: string): void {
    this.#owners.delete(owner);
    this.#runs.clear();
  }
}
