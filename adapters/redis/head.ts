/**
 * Heads, and runs as they are listed.
 *
 * @module
 */
import type { Head, RunStatus, StoredRun } from '../../src/store.ts';
import { type Arg, pack, unpack } from './bytes.ts';
import { orderedNumber, unordered } from './order.ts';
import { decodeOptional, decodeText, encodeOptional, encodeText } from './text.ts';

/** Machine, version, status, due, created, place in lists, tags, more. */
export function encodeHead({ machine, version, status, due, createdAt, tags, more }: Head): Arg[] {
  return [
    encodeText(machine),
    encodeOptional(version),
    status,
    due === undefined ? '' : String(due),
    String(createdAt),
    orderedNumber(createdAt),
    encodeTags(tags),
    encodeText(more),
  ];
}

export function encodeTags(tags: readonly string[]): Arg {
  return pack(tags.map(encodeText));
}

/** The scripts have seen to it that they are whole. */
export function decodeTags(packed: Buffer): string[] {
  return unpack(packed)!.map(decodeText);
}

/** What a script answers of a run: its id, its fields as scripts/runs.ts reads them, and `more`. */
export type RunReply = readonly [run: Buffer, fields: readonly Buffer[], more: Buffer];

export function decodeRun([run, fields, more]: RunReply): StoredRun {
  const [, fence, seq, time, machine, version, status, due, created, , packed] = fields as Buffer[];
  const name = decodeOptional(version!);
  return {
    run: unordered(run),
    machine: decodeText(machine!),
    ...(name !== undefined && { version: name }),
    status: status!.toString() as RunStatus,
    ...(due!.length > 0 && { due: Number(due) }),
    createdAt: Number(created),
    tags: decodeTags(packed!),
    more: decodeText(more),
    seq: Number(seq),
    updatedAt: Number(time!.length > 0 ? time : created),
    fence: Number(fence),
  };
}
