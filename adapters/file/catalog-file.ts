/**
 * The catalog in a file, so that a store of many runs is opened without reading them all.
 *
 * It is never the truth: an entry counts only where the file of its run is the same and as long as it was.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Disk, isMissing, replaceFile } from './disk.ts';
import type { Entry } from './entry.ts';
import type { Folder } from './folder.ts';
import { encodeLine, readLines } from './line.ts';
import { pause } from './pause.ts';
import { storedHead, type StoredHead } from './record.ts';
import { toText } from './text.ts';

/** So many entries are written or read before others have their turn. */
const slice = 200;

/** An entry in a line. */
interface StoredEntry extends Omit<Entry, 'head' | 'questions'> {
  readonly head: StoredHead | undefined;
  readonly questions: readonly (readonly [
    string,
    Entry['questions'] extends ReadonlyMap<string, infer Q> ? Q : never,
  ])[];
}

/** Writes all entries. */
export async function saveCatalog(disk: Disk, folder: Folder, entries: Iterable<Entry>): Promise<void> {
  const lines: Buffer[] = [];
  for (const { head, questions, ...rest } of [...entries]) {
    const stored: StoredEntry = { ...rest, head: head && storedHead(head), questions: [...questions] };
    lines.push(encodeLine(stored).bytes);
    if (lines.length % slice === 0) await pause();
  }
  replaceFile(disk, folder.index, join(folder.tmp, randomUUID()), Buffer.concat(lines));
}

/** Reads what was written; entries that cannot be read are left out. */
export async function loadCatalog(disk: Disk, folder: Folder): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let fd: number;
  try {
    fd = disk.openSync(folder.index, 'r');
  } catch (error) {
    if (isMissing(error)) return entries;
    throw error;
  }
  try {
    for (const piece of readLines(disk, fd, 0)) {
      if (piece.kind !== 'line') continue;
      const { head, questions, ...rest } = piece.record as StoredEntry;
      entries.set(rest.run, {
        ...rest,
        head: head && { ...head, more: toText(head.more) },
        questions: new Map(questions),
      });
      if (entries.size % slice === 0) await pause();
    }
  } finally {
    disk.closeSync(fd);
  }
  return entries;
}
