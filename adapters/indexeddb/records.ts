/**
 * Records as they are stored, and what they say.
 *
 * A database can be changed by hand, in a browser's own tools. What does not look like a record of ours is
 * an error that names it, and no other run suffers from it.
 *
 * @module
 */
import { CorruptCheckpointError, StoreError } from '../../src/errors.ts';
import type { CheckpointRow, Head, Question, StoredQuestion, StoredRun } from '../../src/store.ts';
import type { CheckpointRecord, FenceRecord, QuestionRecord, RunRecord } from './schema.ts';

export function fenceRecord(
  fence: number,
  owner: string | undefined,
  seq: number,
  time: number,
): FenceRecord {
  return { fence, ...(owner !== undefined && { owner }), seq, time };
}

export function runRecord(id: string, head: Head): RunRecord {
  const { machine, version, status, due, createdAt: created, tags, more } = head;
  return {
    id,
    machine,
    ...(version !== undefined && { version }),
    status,
    ...(due !== undefined && { due }),
    created,
    tags: [...tags],
    tagged: tags.map((tag) => [tag, created, id]),
    more,
  };
}

/** A run as it is listed; `undefined` where its records are damaged. */
export function storedRun(record: RunRecord, fence: FenceRecord | undefined): StoredRun | undefined {
  const { id: run, machine, version, status, due, created: createdAt, tags, more } = record;
  const isWhole =
    typeof machine === 'string' && typeof more === 'string' && Array.isArray(tags) && isFence(fence);
  if (!isWhole) return undefined;
  return {
    run,
    machine,
    ...(version !== undefined && { version }),
    status,
    ...(due !== undefined && { due }),
    createdAt,
    tags: [...tags],
    more,
    seq: fence.seq,
    updatedAt: fence.time,
    fence: fence.fence,
  };
}

function isFence(fence: FenceRecord | undefined): fence is FenceRecord {
  return typeof fence?.fence === 'number' && typeof fence.seq === 'number' && typeof fence.time === 'number';
}

export function damagedRun(run: string): StoreError {
  return new StoreError(
    `The record of run '${run}' is damaged: it was changed by something else than savepoint. ` +
      'Restore it, or delete the run.',
    'failed',
  );
}

export function checkpointRecord(run: string, row: CheckpointRow): CheckpointRecord {
  const { seq, base, time, header, body } = row;
  return { run, seq, ...(base && { baseSeq: seq }), time, header, body };
}

/** @throws CorruptCheckpointError where it is no checkpoint. */
export function checkpointRow(record: CheckpointRecord): CheckpointRow {
  const { run, seq, baseSeq, time, header, body } = record;
  if (typeof time !== 'number' || typeof header !== 'string' || typeof body !== 'string') {
    throw new CorruptCheckpointError(run, seq, 'its record was changed by something else than savepoint');
  }
  return { seq, base: baseSeq !== undefined, time, header, body };
}

export function questionRecord(run: string, question: Question): QuestionRecord {
  const { id, machine, assignee, tags, opened, value } = question;
  return {
    id,
    run,
    machine,
    ...(assignee !== undefined && { assignee }),
    tags: [...tags],
    tagged: tags.map((tag) => [tag, opened, id]),
    opened,
    value,
  };
}

/** A question as it is listed; `undefined` where its record is damaged. */
export function storedQuestion(record: QuestionRecord): StoredQuestion | undefined {
  const { id, run, machine, assignee, tags, opened, value } = record;
  const isWhole =
    typeof run === 'string' &&
    typeof machine === 'string' &&
    typeof value === 'string' &&
    Array.isArray(tags);
  if (!isWhole) return undefined;
  return { id, run, machine, ...(assignee !== undefined && { assignee }), tags, opened, value };
}
