/**
 * Rows of a run.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Row, RowKind, RowScan } from '../../src/store.ts';
import { countOf, rowRange } from './ranges.ts';
import type { Reading } from './schema.ts';

/** In the order of their keys. */
export async function rows(
  tx: Reading,
  run: string,
  kind: RowKind,
  scan: RowScan,
): Promise<Pick<Row, 'key' | 'value'>[]> {
  const store = tx.objectStore('rows');
  const { key, prefix = '', after, limit } = scan;
  if (limit === 0) return [];
  if (key !== undefined) {
    if (!key.startsWith(prefix) || (after !== undefined && key <= after)) return [];
    const value = await store.get([run, kind, key]);
    return value === undefined ? [] : [{ key, value: whole(run, kind, key, value) }];
  }
  const range = rowRange(run, kind, scan);
  if (range === undefined) return [];
  const [keys, values] = await Promise.all([
    store.getAllKeys(range, countOf(limit)),
    store.getAll(range, countOf(limit)),
  ]);
  return keys.map(([, , key], i) => ({ key, value: whole(run, kind, key, values[i]!) }));
}

function whole(run: string, kind: RowKind, key: string, value: Row['value']): Row['value'] {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new StoreError(
    `The row '${key}' (${kind}) of run '${run}' is damaged: it was changed by something else than savepoint.`,
    'failed',
  );
}
