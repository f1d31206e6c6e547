/**
 * Owners, each with a file of its own.
 *
 * A lease is renewed in place, in as many bytes as it had: so it can be renewed on a full disk. It need not be
 * synced, as after a power cut there is no process that could hold anything.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Holder, isGone, thisHolder } from '../node/holder.ts';
import { type Disk, isMissing, removed, replaceFile, writeWhole } from './disk.ts';
import type { Folder } from './folder.ts';
import { encodeLine, readLines } from './line.ts';
import { fileName } from './names.ts';
import type { Hold } from './record.ts';

/** An owner that nobody has heard of for so long, in milliseconds, is forgotten, wherever its process is. */
const forgetAfter = 30 * 24 * 60 * 60 * 1000;

/** An owner's lease. */
export interface Lease {
  readonly owner: string;
  /** Another one each time the owner registers: what it held before it gave up is not its own any more. */
  readonly key: string;
  /** In milliseconds since 1970. */
  readonly until: number;
  readonly holder: Holder;
}

/** `lease`, and who holds what. */
export class Leases {
  readonly #self: Holder = thisHolder();
  /** The keys of the owners that were registered here. */
  readonly #keys = new Map<string, string>();

  constructor(
    readonly disk: Disk,
    readonly folder: Folder,
  ) {}

  set(owner: string, ms: number): void {
    if (!(ms > 0)) {
      this.#keys.delete(owner);
      removed(this.disk, this.#pathOf(owner));
      return;
    }
    const known = this.find(owner);
    if (known === undefined) this.#clearGone();
    // Its file may have been removed by a person, or lost with the power: the runs are still this owner's.
    const key = known?.key ?? this.#keys.get(owner) ?? randomUUID().slice(0, 8);
    this.#keys.set(owner, key);
    this.#write({ owner, key, until: Date.now() + ms, holder: this.#self });
  }

  /** The lease of an owner, whether it has ended or not. */
  find(owner: string): Lease | undefined {
    const lease = this.#read(this.#pathOf(owner));
    return lease?.owner === owner ? lease : undefined;
  }

  /** Whether a run is this one's, as nobody has come since its lease ended, if it did. */
  isRegistered({ owner, key }: Hold): boolean {
    return this.find(owner)?.key === key;
  }

  /** The lease that keeps others away from a run. */
  keeping({ owner, key }: Hold): Lease | undefined {
    const lease = this.find(owner);
    if (lease?.key !== key || lease.until <= Date.now() || isGone(lease.holder, this.#self)) return undefined;
    return lease;
  }

  #pathOf(owner: string): string {
    return join(this.folder.owners, `${fileName(owner)}.json`);
  }

  /** A new owner clears away those that were killed. */
  #clearGone(): void {
    const forgotten = Date.now() - forgetAfter;
    for (const name of this.disk.readdirSync(this.folder.owners)) {
      const path = join(this.folder.owners, name);
      const lease = this.#read(path);
      if (lease === undefined) continue;
      if (lease.until < forgotten || isGone(lease.holder, this.#self)) removed(this.disk, path);
    }
  }

  #read(path: string): Lease | undefined {
    let fd: number;
    try {
      fd = this.disk.openSync(path, 'r');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      // It may be renewed at this very moment, and half of it be read.
      for (let attempt = 0; attempt < 10; attempt++) {
        for (const piece of readLines(this.disk, fd, 0)) {
          if (piece.kind === 'line') return piece.record as Lease;
        }
      }
      return undefined;
    } finally {
      this.disk.closeSync(fd);
    }
  }

  #write(lease: Lease): void {
    const { bytes } = encodeLine(lease);
    const path = this.#pathOf(lease.owner);
    let fd: number | undefined;
    try {
      fd = this.disk.openSync(path, 'r+');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    if (fd !== undefined) {
      try {
        if (this.disk.fstatSync(fd).size === bytes.length) return writeWhole(this.disk, fd, bytes, 0);
      } finally {
        this.disk.closeSync(fd);
      }
    }
    replaceFile(this.disk, path, join(this.folder.tmp, randomUUID()), bytes);
  }
}
