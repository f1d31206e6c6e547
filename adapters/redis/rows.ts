/**
 * Rows of a run.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Row, RowKind, RowScan } from '../../src/store.ts';
import { type Arg, join, type Reply } from './bytes.ts';
import type { Connection } from './connection.ts';
import { keyRange, ordered, unordered } from './order.ts';
import { rowScript, rowsScript } from './scripts/rows.ts';
import { decodeValue } from './text.ts';

/** The key of a row among all rows of its run. */
export function rowKey({ kind, key }: Pick<Row, 'kind' | 'key'>): Arg {
  return join(`${kind}:`, ordered(key));
}

/** `rows`. */
export class Rows {
  constructor(
    readonly connection: Connection,
    readonly store: string,
  ) {}

  async scan(run: string, kind: RowKind, scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    const { key, limit = Number.MAX_SAFE_INTEGER } = scan;
    if (limit <= 0) return [];
    if (key !== undefined) return isAsked(key, scan) ? this.#row(run, kind, key) : [];
    const [min, max] = keyRange(`${kind}:`, scan);
    const reply = await this.connection.run(rowsScript, [ordered(run), min, max, String(limit)]);
    return pairs(reply).map(([name, value]) => {
      const found = unordered(name.subarray(kind.length + 1));
      return { key: found, value: decodeValue(present(this.store, { run, kind, key: found }, value)) };
    });
  }

  async #row(run: string, kind: RowKind, key: string): Promise<Pick<Row, 'key' | 'value'>[]> {
    const value = await this.connection.run(rowScript, [ordered(run), rowKey({ kind, key })]);
    return value === null ? [] : [{ key, value: decodeValue(value as Buffer) }];
  }
}

/** Whether a scan for one key asks for it with all that it says. */
function isAsked(key: string, { prefix = '', after }: RowScan): boolean {
  return key.startsWith(prefix) && (after === undefined || key > after);
}

/** An answer of names, each with what is kept under it. */
export function pairs(reply: Reply): [name: Buffer, value: Buffer | null][] {
  const items = reply as readonly (Buffer | null)[];
  return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i]!, items[2 * i + 1] ?? null]);
}

/** @throws StoreError where a list names what is not there. */
export function present(
  store: string,
  { run, kind, key }: { readonly run: string; readonly kind: string; readonly key: string },
  value: Buffer | null,
): Buffer {
  if (value !== null) return value;
  throw new StoreError(
    `The store ${store} is damaged: the row '${key}' of kind '${kind}' of run '${run}' is missing. ` +
      'Restore it from a backup.',
    'failed',
  );
}
