/**
 * The lines of a run's file.
 *
 * @module
 */
import type { Holder } from '../node/holder.ts';
import type { CheckpointRow, Head, Message, Question, Row, RowKind, RunCommit } from '../../src/store.ts';
import { type TextJson, toJson, toText } from './text.ts';

/** Who writes a run: an owner, and the key that it was given when it registered. */
export interface Hold {
  readonly owner: string;
  readonly key: string;
}

/** A checkpoint in a line. */
export interface StoredCheckpoint {
  readonly seq: number;
  readonly base?: true;
  readonly time: number;
  readonly header: TextJson;
  readonly body: TextJson;
}

/** A row in a line; bytes are in base64. */
export interface StoredRow {
  readonly kind: RowKind;
  readonly key: string;
  readonly value?: TextJson;
  readonly bytes?: string;
}

/** A head in a line. */
export type StoredHead = Omit<Head, 'more'> & { readonly more: TextJson };

/** A message in a line. */
export interface StoredMessage {
  readonly id: string;
  readonly value: TextJson;
}

/** What a line says, without its place in the chain of lines. */
export interface RunLine {
  /** The run begins here: the first line of its life. */
  readonly run?: string;
  /** Carried over from the file that was here before. The first such line says all but checkpoints and rows. */
  readonly kept?: true;
  /** From here on this one writes the run, under `fence`. */
  readonly hold?: Hold;
  readonly fence?: number;
  readonly head?: StoredHead;
  readonly checkpoints?: readonly StoredCheckpoint[];
  readonly dropFrom?: number;
  readonly dropBefore?: number;
  readonly drop?: readonly Pick<Row, 'kind' | 'key'>[];
  readonly put?: readonly StoredRow[];
  readonly close?: readonly string[];
  readonly ask?: readonly Question[];
  readonly take?: readonly string[];
  readonly messages?: readonly StoredMessage[];
  /** Nobody holds the run from here on. */
  readonly release?: true;
  /** The run is deleted; until then its id is taken. */
  readonly buried?: number;
  /**
   * The handle that left a message, or that removes the file. Two may write the same at the same time, and only one
   * has written it.
   */
  readonly by?: string;
  /** The last line: the file is written anew. */
  readonly sealed?: true;
  /** The last line: this process removes the file. `at`: since when, in milliseconds since 1970. */
  readonly ended?: { readonly by: Holder; readonly at: number };
}

/** A line with its place in the chain. */
export interface ChainedLine extends RunLine {
  /** One more than the line before. */
  readonly n: number;
  /** The sum of the line before. */
  readonly prev: string;
}

/** What a commit writes. `hold`: who creates the run. */
export function lineOfCommit(commit: RunCommit, hold: Hold | undefined): RunLine {
  const { run, fence, head, checkpoints, dropFrom, dropBefore, drop, put, close, ask, take } = commit;
  return {
    ...(hold !== undefined && { run, hold, fence }),
    ...(head !== undefined && { head: storedHead(head) }),
    ...(some(checkpoints) && { checkpoints: checkpoints.map(storedCheckpoint) }),
    ...(dropBefore !== undefined && { dropFrom: dropFrom ?? 0, dropBefore }),
    ...(some(drop) && { drop: drop.map(({ kind, key }) => ({ kind, key })) }),
    ...(some(put) && { put: put.map(storedRow) }),
    ...(some(close) && { close }),
    ...(some(ask) && { ask: ask.map(copyOfQuestion) }),
    ...(some(take) && { take }),
    ...(commit.release === true && { release: true }),
  };
}

/** A head as it is written. */
export function storedHead({ machine, version, status, due, createdAt, tags, more }: Head): StoredHead {
  return {
    machine,
    ...(version !== undefined && { version }),
    status,
    ...(due !== undefined && { due }),
    createdAt,
    tags: [...tags],
    more: toJson(more),
  };
}

/** A message as it is written. */
export function storedMessage({ id, value }: Message): StoredMessage {
  return { id, value: toJson(value) };
}

/** A checkpoint as it was given. */
export function checkpointOf({ seq, base, time, header, body }: StoredCheckpoint): CheckpointRow {
  return { seq, base: base === true, time, header: toText(header), body: toText(body) };
}

/** The value of a row as it was given. */
export function valueOf({ value, bytes }: StoredRow): Row['value'] {
  // A copy: a Buffer is not what was given, and may share its memory.
  return bytes === undefined ? toText(value!) : new Uint8Array(Buffer.from(bytes, 'base64'));
}

function storedCheckpoint({ seq, base, time, header, body }: CheckpointRow): StoredCheckpoint {
  return { seq, ...(base && { base }), time, header: toJson(header), body: toJson(body) };
}

function storedRow({ kind, key, value }: Row): StoredRow {
  if (typeof value === 'string') return { kind, key, value: toJson(value) };
  const { buffer, byteOffset, byteLength } = value;
  return { kind, key, bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

function copyOfQuestion({ id, machine, assignee, tags, opened, value }: Question): Question {
  return { id, machine, ...(assignee !== undefined && { assignee }), tags: [...tags], opened, value };
}

function some<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}
