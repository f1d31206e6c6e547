/**
 * Messages that wait for runs.
 *
 * @module
 */
import type { Enqueued, Message, Row, RowScan } from '../../src/store.ts';
import { type Arg, join } from './bytes.ts';
import type { Connection } from './connection.ts';
import { ordered, unordered } from './order.ts';
import { pairs, present, rowKey } from './rows.ts';
import { enqueueScript, messagesScript } from './scripts/inbox.ts';
import { decodeText, encodeText } from './text.ts';

/** `enqueue`, and `rows` of the inbox. */
export class Inbox {
  constructor(
    readonly connection: Connection,
    readonly store: string,
    /** Tells others who has a message. */
    readonly teller: readonly [channel: Arg, self: Arg],
  ) {}

  async enqueue(run: string, { id, value }: Message, unless?: Pick<Row, 'kind' | 'key'>): Promise<Enqueued> {
    const row = unless === undefined ? '' : rowKey(unless);
    const args = [...this.teller, ordered(run), ordered(id), encodeText(value), row];
    const [word, known] = (await this.connection.run(enqueueScript, args)) as [Buffer, Buffer];
    const status = word.toString() as Enqueued['status'];
    return status === 'known' ? { status, value: decodeText(known) } : { status };
  }

  /** In the order of arrival. Where the message `after` is gone, from the first one on. */
  async scan(
    run: string,
    { key, prefix = '', after, limit }: RowScan,
  ): Promise<Pick<Row, 'key' | 'value'>[]> {
    if (limit !== undefined && limit <= 0) return [];
    const named = (id: string | undefined): Arg => (id === undefined ? '' : join('=', ordered(id)));
    const reply = await this.connection.run(messagesScript, [
      ordered(run),
      named(key),
      ordered(prefix),
      named(after),
      String(limit ?? Number.MAX_SAFE_INTEGER),
    ]);
    return pairs(reply).map(([name, value]) => {
      const found = unordered(name);
      return {
        key: found,
        value: decodeText(present(this.store, { run, kind: 'inbox', key: found }, value)),
      };
    });
  }
}
