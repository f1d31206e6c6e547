/** Reads rows back: headers, and the document that a base and what changed since make. */
import { CorruptCheckpointError, SavepointError } from '../errors.ts';
import type { CheckpointRow, CheckpointSummary, Store } from '../store.ts';
import type { CustomType } from './custom-type.ts';
import { blobsOf, decode } from './decode.ts';
import { apply, type Patch } from './delta.ts';
import { FORMAT, RICH, type Header } from './envelope.ts';
import type { Document } from '../xstate/capture.ts';
import type { Json } from './json.ts';

/** Reads a header. Throws what the store says of one that it cannot read, or `CorruptCheckpointError`. */
export function decodeHeader(run: string, row: Pick<CheckpointSummary, 'seq' | 'header' | 'damage'>): Header {
  if (row.damage) throw row.damage;
  let header: Partial<Header> | null | undefined;
  try {
    header = JSON.parse(row.header) as Partial<Header> | null;
  } catch (cause) {
    throw corrupt(run, row, cause);
  }
  if (typeof header?.cause?.event?.type !== 'string')
    throw corrupt(run, row, 'its header is not one of a checkpoint');
  return header as Header;
}

/** What rows hold, and the hashes of the blobs that they refer to. */
export interface Decoded {
  readonly document: Document;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/**
 * The document that rows from a base on make. Throws `CorruptCheckpointError` naming the first row
 * that cannot be read.
 */
export async function decodeRows(
  run: string,
  rows: readonly CheckpointRow[],
  types: readonly CustomType[],
  store: Pick<Store, 'rows'>,
): Promise<Decoded> {
  const [base, ...deltas] = rows;
  if (!base?.base) throw corrupt(run, base ?? { seq: 0 }, 'the base that it stands on is gone');
  const format = decodeHeader(run, base).definition?.format;
  if (format !== FORMAT)
    throw corrupt(run, base, `it has the format ${format}, and this Savepoint reads ${FORMAT}: update it`);
  const blobs = new Map<string, Uint8Array>();
  const read = async (row: CheckpointRow): Promise<unknown> => {
    if (!row.body.startsWith(RICH)) return JSON.parse(row.body) as unknown;
    const json = JSON.parse(row.body.slice(RICH.length)) as Json;
    for (const hash of blobsOf(json)) {
      if (blobs.has(hash)) continue;
      const [blob] = await store.rows(run, 'blob', { key: hash });
      if (blob?.value instanceof Uint8Array) blobs.set(hash, blob.value);
    }
    return decode(json, blobs, types);
  };
  let document: unknown;
  let row = base;
  try {
    document = await read(base);
    checkDocument(document);
    const patches = parseAll(deltas);
    for (const [at, delta] of deltas.entries()) {
      row = delta;
      document = apply(document, patches?.[at] ?? ((await read(delta)) as Patch[]));
      checkDocument(document);
    }
  } catch (cause) {
    // What the store itself has to say is no damage.
    throw SavepointError.isInstance(cause) ? cause : corrupt(run, row, cause);
  }
  return { document: document as Document, blobs };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Could it be the state of a run? */
export const isDocument = (value: unknown): value is Document =>
  isObject(value) &&
  isObject(value['snapshot']) &&
  'status' in value['snapshot'] &&
  isObject(value['delays']);

function checkDocument(value: unknown): void {
  if (!isDocument(value)) throw new Error('it is not the state of a run');
}

const corrupt = (run: string, { seq }: Pick<CheckpointRow, 'seq'>, cause: unknown): CorruptCheckpointError =>
  new CorruptCheckpointError(run, seq, cause instanceof Error ? cause.message : String(cause), { cause });

/** One call of the parser for all rows is several times as fast as one for each, where all are plain. */
function parseAll(rows: readonly CheckpointRow[]): Patch[][] | undefined {
  try {
    if (rows.some(({ body }) => !body.startsWith('['))) return undefined;
    const all = JSON.parse(`[${rows.map(({ body }) => body).join(',')}]`) as Patch[][];
    return all.length === rows.length ? all : undefined;
  } catch {
    return undefined; // one by one, to find the one that is damaged
  }
}
