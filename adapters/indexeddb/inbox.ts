/**
 * Messages that wait for runs.
 *
 * @module
 */
import type { Enqueued, Message, Row, RowKind, RowScan } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import { between, within } from './ranges.ts';
import type { Reading, StoreName, Writing } from './schema.ts';
import { unawaited } from './unawaited.ts';

/** Leaves a message, if the run is there and neither the message nor the row `unless`. */
export function enqueue(
  connection: Connection,
  run: string,
  { id, value }: Message,
  unless?: { readonly kind: RowKind; readonly key: string },
): Promise<Enqueued> {
  const stores: StoreName[] = ['fences', 'inbox', 'tombstones', ...(unless ? (['rows'] as const) : [])];
  return connection.write(stores, async (tx): Promise<Enqueued> => {
    const inbox = tx.objectStore('inbox');
    const [isThere, tombstone, message, row, n] = await Promise.all([
      tx.objectStore('fences').getKey(run),
      tx.objectStore('tombstones').get(run),
      inbox.get([run, id]),
      unless && tx.objectStore('rows').get([run, unless.kind, unless.key]),
      lastPlace(tx, run),
    ]);
    if (isThere === undefined) {
      return { status: (tombstone?.until ?? 0) > Date.now() ? 'deleted' : 'missing' };
    }
    const known = message?.value ?? row;
    if (known !== undefined) return { status: 'known', value: known as string };
    unawaited(inbox.put({ run, id, n: n + 1, value }));
    return { status: 'queued' };
  });
}

/** In the order of arrival. Where the message `after` is gone, from the first one on. */
export async function messages(
  tx: Reading,
  run: string,
  { key, prefix = '', after, limit = Infinity }: RowScan,
): Promise<Pick<Row, 'key' | 'value'>[]> {
  const inbox = tx.objectStore('inbox');
  const last = after === undefined ? undefined : await inbox.get([run, after]);
  const range = between([run, last?.n ?? -Infinity], true, [run, []]);
  const found = await inbox.index('arrival').getAll(range);
  return found
    .filter(({ id }) => id.startsWith(prefix) && (key === undefined || id === key))
    .slice(0, limit)
    .map(({ id, value }) => ({ key: id, value }));
}

/** The runs for which messages wait. From each of them to the next one in a step, however many wait. */
export async function undelivered(tx: Reading): Promise<string[]> {
  const runs: string[] = [];
  let cursor = await tx.objectStore('inbox').openKeyCursor();
  while (cursor !== null) {
    const [run] = cursor.key;
    runs.push(run);
    cursor = await cursor.continue([run, []] as never);
  }
  return runs;
}

async function lastPlace(tx: Writing, run: string): Promise<number> {
  const arrival = tx.objectStore('inbox').index('arrival');
  return (await arrival.openKeyCursor(within([run]), 'prev'))?.key[1] ?? 0;
}
