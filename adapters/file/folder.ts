/**
 * The folder of a store.
 *
 * ```
 * savepoint.json            what this is
 * runs/<run>.jsonl          a run: the truth about it
 * owners/<owner>.json       an owner, and until when its lease lasts
 * changes/<number>.jsonl    which runs were written to lately, for the other processes
 * runs.index                what the runs looked like lately; made anew where it is missing
 * tmp/                      files that are being written
 * ```
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { StoreError } from '../../src/errors.ts';
import { type Disk, isMissing, removed, writeWhole } from './disk.ts';

const application = 'savepoint';
const format = 1;

/** A file that is being written for so long, in milliseconds, is nobody's any more. */
const abandonedAfter = 60 * 60 * 1000;

/** Where things are. */
export interface Folder {
  readonly path: string;
  readonly runs: string;
  readonly owners: string;
  readonly changes: string;
  readonly tmp: string;
  readonly index: string;
  /** Folders in which others were made for this store. */
  readonly above: readonly string[];
}

/** Opens a store, makes it where the folder is missing or empty, and refuses what is something else. */
export function openFolder(disk: Disk, path: string): Folder {
  const folder = {
    path,
    runs: join(path, 'runs'),
    owners: join(path, 'owners'),
    changes: join(path, 'changes'),
    tmp: join(path, 'tmp'),
    index: join(path, 'runs.index'),
  };
  const made = disk.mkdirSync(path, { recursive: true });
  const isNew = !isMarked(disk, path);
  if (isNew) refuseForeign(disk, path);
  for (const part of [folder.runs, folder.owners, folder.changes, folder.tmp]) {
    disk.mkdirSync(part, { recursive: true });
  }
  if (isNew) mark(disk, path, folder.tmp);
  else clearAbandoned(disk, folder.tmp);
  return { ...folder, above: made === undefined ? [] : foldersAbove(path, made) };
}

function isMarked(disk: Disk, path: string): boolean {
  const file = join(path, 'savepoint.json');
  let text: string;
  try {
    text = readText(disk, file);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  const version = formatIn(text);
  if (version === undefined) {
    throw new StoreError(
      `The folder ${path} is no store that savepoint can read: ${file} says something else. Choose another folder.`,
      'failed',
    );
  }
  if (version > format) {
    throw new StoreError(
      `The store in ${path} was written by a newer savepoint (format ${version}; this one knows ${format}). ` +
        `Update savepoint.`,
      'failed',
    );
  }
  return true;
}

function formatIn(text: string): number | undefined {
  try {
    const marker = JSON.parse(text) as { application?: unknown; format?: unknown } | null;
    return marker?.application === application && typeof marker.format === 'number'
      ? marker.format
      : undefined;
  } catch {
    return undefined;
  }
}

/** What a file system or a tool leaves in a folder is nobody's work; anything else is. */
function refuseForeign(disk: Disk, path: string): void {
  const ours = ['runs', 'owners', 'changes', 'tmp', 'lost+found'];
  const foreign = disk.readdirSync(path).find((name) => !name.startsWith('.') && !ours.includes(name));
  if (foreign === undefined || foreign === 'savepoint.json') return;
  throw new StoreError(
    `The folder ${path} holds other things, such as '${foreign}'. Choose one that is empty, or a new one.`,
    'failed',
  );
}

/** Last of all: a folder with the marker is complete. */
function mark(disk: Disk, path: string, tmp: string): void {
  const file = join(tmp, randomUUID());
  const fd = disk.openSync(file, 'wx');
  try {
    writeWhole(disk, fd, Buffer.from(`${JSON.stringify({ application, format })}\n`));
    disk.fdatasyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
  try {
    disk.linkSync(file, join(path, 'savepoint.json'));
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    removed(disk, file);
  }
}

/** Those that `path` is in, up to the one that `top` is in. */
function foldersAbove(path: string, top: string): string[] {
  const above = dirname(path);
  return path === top ? [above] : [above, ...foldersAbove(above, top)];
}

/** Whoever finds that its file is gone starts over, so this does no harm to one who is only slow. */
function clearAbandoned(disk: Disk, tmp: string): void {
  for (const name of disk.readdirSync(tmp)) {
    const file = join(tmp, name);
    const stat = disk.statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > abandonedAfter) removed(disk, file);
  }
}

/** A small file as text. */
function readText(disk: Disk, path: string): string {
  const fd = disk.openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(64 * 1024);
    return bytes.toString('utf8', 0, disk.readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    disk.closeSync(fd);
  }
}
