/**
 * A checkpoint as one value: `1 1700000000000 12:` and then header and body, 12 being the size of the
 * header in bytes.
 *
 * @module
 */
import { CorruptCheckpointError } from '../../src/errors.ts';
import type { CheckpointRow, CheckpointSummary } from '../../src/store.ts';
import { type Arg, join, sizeOf } from './bytes.ts';
import { decodeText, encodeText } from './text.ts';

export function encodeCheckpoint({ base, time, header, body }: CheckpointRow): Arg {
  const kept = encodeText(header);
  return join(`${base ? 1 : 0} ${time} ${sizeOf(kept)}:`, kept, encodeText(body));
}

/** @throws CorruptCheckpointError */
export function decodeCheckpoint(run: string, seq: number, bytes: Buffer | null): CheckpointRow {
  const { head, start, rest } = parse(run, seq, bytes);
  return { seq, ...head, header: decodeText(start), body: decodeText(rest) };
}

/** A checkpoint whose body was cut off. */
export function decodeSummary(
  run: string,
  seq: number,
  start: Buffer | null,
  bytes: number,
): CheckpointSummary {
  const { head, start: header } = parse(run, seq, start);
  return { seq, ...head, header: decodeText(header), bytes };
}

interface Parsed {
  readonly head: Pick<CheckpointRow, 'base' | 'time'>;
  readonly start: Buffer;
  readonly rest: Buffer;
}

function parse(run: string, seq: number, bytes: Buffer | null): Parsed {
  if (bytes === null) throw new CorruptCheckpointError(run, seq, 'it is missing or no checkpoint');
  const [all, base, time = '', size] = /^([01]) (\S+) (\d+):/.exec(bytes.toString('latin1', 0, 64)) ?? [];
  const from = all?.length ?? 0;
  const to = from + Number(size);
  if (all === undefined || !(to <= bytes.length) || Number.isNaN(Number(time))) {
    throw new CorruptCheckpointError(run, seq, 'it is cut short, or was written by somebody else');
  }
  const head = { base: base === '1', time: Number(time) };
  return { head, start: bytes.subarray(from, to), rest: bytes.subarray(to) };
}
