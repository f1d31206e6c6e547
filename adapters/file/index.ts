/**
 * The store in a folder of files that a person can read: `savepoint/file`.
 *
 * @module
 */
import { InvalidArgumentError } from '../../src/errors.ts';
import type { Store } from '../../src/store.ts';
import { nodeDisk } from './disk.ts';
import { FileStore } from './file-store.ts';
import { resolve } from 'node:path';

/**
 * A store in a folder on a local disk, for any number of processes on one machine. It needs no package. Each run is
 * a file of JSON lines; what a commit has answered is on the disk. The folder is made where it is missing; if it
 * cannot be used, the calls tell why.
 *
 * ```ts
 * const runtime = createRuntime({ store: fileStore('data/runs'), machines: [refund] });
 * ```
 *
 * @throws InvalidArgumentError where the folder has no name.
 */
export function fileStore(folder: string): Store {
  if (typeof folder !== 'string' || folder === '') {
    throw new InvalidArgumentError('fileStore(folder) needs the path of a folder.');
  }
  return new FileStore(resolve(folder), nodeDisk);
}
