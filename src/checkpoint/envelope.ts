/**
 * How a checkpoint is written into a row and read back: a header that can be listed without the body,
 * and a body that is the whole document or what changed in it.
 */
import { CorruptCheckpointError } from '../errors.ts';
import type { Awaitable, CheckpointRow } from '../store.ts';
import type { Codec } from './codec.ts';
import { apply, type Patch } from './delta.ts';
import type { Json } from './json.ts';

/** The version of the format that this file writes. */
const FORMAT = 1;

/** Why there was a turn. */
export interface CheckpointCause {
  /** The start of the run, an event from outside, a delay that was due, or the outcome of an effect. */
  readonly type: 'start' | 'event' | 'delay' | 'actor';
  /** The event, without what it carried: that is in the state as far as the machine kept it. */
  readonly event: { readonly type: string };
  /** The event's id, where it was sent with one. */
  readonly id?: string;
  /** Who sent it, where that was said. */
  readonly by?: string;
  /** The path of the actor that it came from (an effect), or that it went to (a delay). */
  readonly actor?: string;
}

/** The definition that wrote a base. */
export interface Definition {
  readonly machine: string;
  readonly version?: string;
  /** A hash of the machine's structure. */
  readonly structure: string;
  /** XState's major version. */
  readonly xstate: 5;
  readonly format: typeof FORMAT;
}

export interface Header {
  readonly cause: CheckpointCause;
  /** The root's state value. */
  readonly value?: Json;
  /** On a base. */
  readonly definition?: Definition;
}

export const define = (machine: string, version: string | undefined, structure: string): Definition => ({
  machine,
  ...(version !== undefined && { version }),
  structure,
  xstate: 5,
  format: FORMAT,
});

// What begins a body whose values went through the codec; a plain one begins with its JSON.
const RICH = '=';

/** The text of a body with rich values, and the blobs that it refers to. */
export const encodeRich = (value: unknown, codec: Codec, blobs: Map<string, Uint8Array>): string =>
  RICH + JSON.stringify(codec.encode(value, blobs));

/** Reads a header. Throws `CorruptCheckpointError`. */
export function decodeHeader(run: string, { seq, header }: Pick<CheckpointRow, 'seq' | 'header'>): Header {
  try {
    return JSON.parse(header) as Header;
  } catch (cause) {
    throw new CorruptCheckpointError(run, seq, 'its header is no JSON', { cause });
  }
}

/**
 * The document that rows from a base on make. Throws `CorruptCheckpointError` naming the first row
 * that cannot be read.
 *
 * @param readBlob reads the blob with a hash.
 */
export async function decodeRows(
  run: string,
  rows: readonly CheckpointRow[],
  codec: Codec,
  readBlob: (hash: string) => Awaitable<string | Uint8Array | undefined>,
): Promise<unknown> {
  const [base, ...deltas] = rows;
  if (!base?.base)
    throw new CorruptCheckpointError(run, base?.seq ?? 0, 'the base that it stands on is gone');
  const format = decodeHeader(run, base).definition?.format;
  if (format !== FORMAT)
    throw new CorruptCheckpointError(
      run,
      base.seq,
      `it has the format ${format}; this version of Savepoint reads ${FORMAT}. Update Savepoint`,
    );
  const blobs = new Map<string, Uint8Array>();
  const read = async (row: CheckpointRow): Promise<unknown> => {
    try {
      if (!row.body.startsWith(RICH)) return JSON.parse(row.body) as unknown;
      const json = JSON.parse(row.body.slice(RICH.length)) as Json;
      for (const hash of codec.blobsOf(json)) {
        if (blobs.has(hash)) continue;
        const bytes = await readBlob(hash);
        if (bytes instanceof Uint8Array) blobs.set(hash, bytes);
      }
      return codec.decode(json, blobs);
    } catch (cause) {
      throw corrupt(run, row, cause);
    }
  };
  let document = await read(base);
  const patches = parseAll(deltas);
  for (const [at, row] of deltas.entries()) {
    const changes = patches?.[at] ?? ((await read(row)) as Patch[]);
    try {
      document = apply(document, changes);
    } catch (cause) {
      throw corrupt(run, row, cause);
    }
  }
  return document;
}

const corrupt = (run: string, { seq }: CheckpointRow, cause: unknown): CorruptCheckpointError =>
  new CorruptCheckpointError(run, seq, cause instanceof Error ? cause.message : String(cause), { cause });

/** One call of the parser for all rows is several times as fast as one for each, where all are plain. */
function parseAll(rows: readonly CheckpointRow[]): Patch[][] | undefined {
  if (rows.some(({ body }) => !body.startsWith('['))) return undefined;
  try {
    const all = JSON.parse(`[${rows.map(({ body }) => body).join(',')}]`) as Patch[][];
    return all.length === rows.length ? all : undefined;
  } catch {
    return undefined; // one by one, to find the one that is damaged
  }
}
