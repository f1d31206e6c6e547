/**
 * Lines of JSON that tell by themselves whether they are whole.
 *
 * @module
 */
import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';

/** A line to be written. */
export interface Line {
  /** Of all that follows it in the line. */
  readonly sum: string;
  /** With the newline. */
  readonly bytes: Buffer;
}

/**
 * A piece of a file, up to a newline.
 * - `line`: a whole line of ours.
 * - `unreadable`: something else. `isTorn`: it is empty, or has NULs, which a power cut leaves where bytes had not arrived.
 * - `rest`: behind the last newline: a line that is being written, or that never will be.
 */
export type Piece =
  | {
      readonly kind: 'line';
      readonly at: number;
      readonly end: number;
      readonly sum: string;
      readonly record: object;
    }
  | { readonly kind: 'unreadable'; readonly at: number; readonly end: number; readonly isTorn: boolean }
  | { readonly kind: 'rest'; readonly at: number; readonly end: number };

const opening = '{"sum":"';
const sumEnd = opening.length + 8;
const textStart = sumEnd + 2;
const newline = 10;

/** In bytes. Most of what is new in a file is smaller than the first, and a whole file is read in few steps. */
const firstChunk = 32 * 1024;
const largestChunk = 4 * 1024 * 1024;
const scratch = Buffer.allocUnsafe(firstChunk);

/** @throws RangeError where the record is too large for a text of JavaScript. */
export function encodeLine(record: object): Line {
  const text = Buffer.from(JSON.stringify(record).slice(1), 'utf8');
  const sum = sumOf(text);
  return { sum, bytes: Buffer.concat([Buffer.from(`${opening}${sum}",`, 'latin1'), text, lineEnd]) };
}
const lineEnd = Buffer.of(newline);

/** What the line that begins at `at` says of itself; anything where no line begins. */
export function sumAt(disk: Disk, fd: number, at: number): string {
  const read = disk.readSync(fd, scratch, 0, 8, at + opening.length);
  return scratch.toString('latin1', 0, read);
}

/** The record of a line that is known to be there. */
export function readRecord(disk: Disk, fd: number, at: number, length: number): object | undefined {
  const bytes = Buffer.allocUnsafe(length);
  const read = disk.readSync(fd, bytes, 0, length, at);
  return decode(bytes.subarray(0, read - 1))?.record;
}

/** All pieces of a file from a place on. */
export function* readLines(disk: Disk, fd: number, from: number): Generator<Piece, void, undefined> {
  let at = from;
  let pending: Buffer = Buffer.alloc(0);
  for (let size = firstChunk; ; size = Math.min(size * 4, largestChunk)) {
    const chunk = readChunk(disk, fd, at + pending.length, size);
    if (chunk.length === 0) break;
    let searched = pending.length;
    pending = searched === 0 ? chunk : Buffer.concat([pending, chunk]);
    let start = 0;
    for (;;) {
      const end = pending.indexOf(newline, searched);
      if (end === -1) break;
      yield pieceOf(pending.subarray(start, end), at + start);
      searched = start = end + 1;
    }
    at += start;
    pending = pending.subarray(start);
    if (chunk.length < size) break;
  }
  if (pending.length > 0) yield { kind: 'rest', at, end: at + pending.length };
}

function readChunk(disk: Disk, fd: number, at: number, size: number): Buffer {
  if (size > firstChunk) {
    const chunk = Buffer.allocUnsafe(size);
    return chunk.subarray(0, disk.readSync(fd, chunk, 0, size, at));
  }
  // Mostly there is nothing, or one line. The scratch is somebody else's by the time the caller goes on.
  const read = disk.readSync(fd, scratch, 0, size, at);
  return read === 0 ? nothing : Buffer.from(scratch.subarray(0, read));
}
const nothing = Buffer.alloc(0);

function pieceOf(bytes: Buffer, at: number): Piece {
  const end = at + bytes.length + 1;
  const whole = decode(bytes);
  if (whole !== undefined) return { kind: 'line', at, end, ...whole };
  // Whoever was cut off left no newline, and the next line follows in the same one.
  for (let start = bytes.indexOf(opening, 1); start !== -1; start = bytes.indexOf(opening, start + 1)) {
    const last = decode(bytes.subarray(start));
    if (last !== undefined) return { kind: 'line', at: at + start, end, ...last };
  }
  return { kind: 'unreadable', at, end, isTorn: bytes.length === 0 || bytes.includes(0) };
}

function decode(bytes: Buffer): { sum: string; record: object } | undefined {
  if (bytes.length <= textStart || !bytes.subarray(0, opening.length).equals(openingBytes)) return undefined;
  const sum = bytes.toString('latin1', opening.length, sumEnd);
  if (sum !== sumOf(bytes.subarray(textStart))) return undefined;
  return { sum, record: JSON.parse(`{${bytes.toString('utf8', textStart)}`) as object };
}
const openingBytes = Buffer.from(opening, 'latin1');

function sumOf(text: Buffer): string {
  return crc32(text).toString(16).padStart(8, '0');
}
