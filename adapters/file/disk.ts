/**
 * What the store asks of the disk.
 *
 * @module
 */
import fs from 'node:fs';

/** The functions of `node:fs` that are called; a test puts others in their place. */
export type Disk = Pick<
  typeof fs,
  | 'closeSync'
  | 'fdatasync'
  | 'fdatasyncSync'
  | 'fstatSync'
  | 'fsync'
  | 'fsyncSync'
  | 'linkSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readSync'
  | 'readdirSync'
  | 'renameSync'
  | 'statSync'
  | 'statfsSync'
  | 'unlinkSync'
  | 'watch'
  | 'writeSync'
>;

/** The disk of this machine. */
export const nodeDisk: Disk = fs;

/** Resolves when all that was written to the file is on the disk, by whomever it was written. */
export function sync(disk: Disk, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Resolves when the names in a folder are on the disk. A file that is new or renamed has no other way to last. */
export async function syncFolder(disk: Disk, path: string): Promise<void> {
  // Windows has no such call, and keeps names by itself.
  if (process.platform === 'win32') return;
  const fd = disk.openSync(path, 'r');
  try {
    await new Promise<void>((resolve, reject) => {
      disk.fsync(fd, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    disk.closeSync(fd);
  }
}

/** Whether a file with this name is there no longer, or not yet. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** How many bytes may still be written to the disk that a path is on. */
export function freeSpace(disk: Disk, path: string): number {
  const { bavail, bsize } = disk.statfsSync(path);
  return bavail * bsize;
}

/** Removes a file that may be gone already. True: it was there. */
export function removed(disk: Disk, path: string): boolean {
  try {
    disk.unlinkSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Writes a small file at once and whole, over what is there: nobody ever sees a part of it. */
export function replaceFile(disk: Disk, path: string, temporary: string, bytes: Uint8Array): void {
  const fd = disk.openSync(temporary, 'wx');
  try {
    writeWhole(disk, fd, bytes);
    disk.closeSync(fd);
    disk.renameSync(temporary, path);
  } catch (error) {
    removed(disk, temporary);
    throw error;
  }
}

/**
 * One write, so that no other process's bytes come between.
 *
 * @throws an error with the code `ENOSPC` where only a part was taken: the system says why only if it takes nothing.
 */
export function writeWhole(disk: Disk, fd: number, bytes: Uint8Array, position: number | null = null): void {
  const written = disk.writeSync(fd, bytes, 0, bytes.length, position);
  if (written < bytes.length) {
    const error: NodeJS.ErrnoException = new Error(`only ${written} of ${bytes.length} bytes were written`);
    error.code = 'ENOSPC';
    throw error;
  }
}
