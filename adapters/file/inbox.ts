/**
 * `enqueue`: leaving a message for a run.
 *
 * @module
 */
import type { Enqueued, Message, Row } from '../../src/store.ts';
import type { Changes } from './changes.ts';
import { absence } from './holding.ts';
import { storedMessage } from './record.ts';
import type { RunFile } from './run-file.ts';
import { messageIn, rowIn } from './run-reads.ts';
import type { Decision, Writer } from './writer.ts';

type RowName = Pick<Row, 'kind' | 'key'>;

/** Leaves messages. */
export class Inbox {
  constructor(
    readonly writer: Writer,
    readonly changes: Changes,
  ) {}

  enqueue(run: string, message: Message, unless?: RowName): Promise<Enqueued> {
    return this.writer.writeOne({ run, decide: (file) => this.#decide(file, message, unless) });
  }

  #decide(file: RunFile | undefined, message: Message, unless?: RowName): Decision<Enqueued> {
    if (file?.state.head === undefined) return { answer: { status: absence(file) } };
    const value = messageIn(file, message.id)?.value ?? (unless && rowIn(file, unless.kind, unless.key));
    // Whoever hears this forgets the message, so what it rests on must be on the disk.
    if (value !== undefined) return { answer: { status: 'known', value: value as string }, rests: true };
    const line = { by: this.changes.by, messages: [storedMessage(message)] };
    return { answer: { status: 'queued' }, line };
  }
}
