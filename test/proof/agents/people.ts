/** Those who answer and speak, in a process that has neither the runs nor their machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Runtime, type Store } from 'savepoint';
import { sqliteStore } from 'savepoint/sqlite';
import type { AgentMessage, AgentUsage } from 'savepoint/machines/agent';
import { approvals, sayings } from './conversation.ts';

/** What is stored of a conversation. */
export interface Stored {
  readonly messages: readonly AgentMessage[];
  readonly usage: AgentUsage;
}

export class People {
  readonly ended = new Set<string>();
  readonly #store: Store;
  readonly #runtime: Runtime;
  readonly #answered = new Set<string>();
  readonly #said = new Set<string>();

  constructor(path: string) {
    this.#store = sqliteStore(path);
    this.#runtime = createRuntime({ store: this.#store, logger: () => {} });
  }

  /** Answers what is asked and says what is to be said, each once. */
  async attend(): Promise<void> {
    const open: { readonly id: string; readonly run: string; readonly call: string }[] = [];
    for await (const { id, run, details } of this.#runtime.inputs())
      if (!this.#answered.has(id))
        open.push({ id, run, call: (details as { toolCallId: string }).toolCallId });
    for (const { id, run, call } of open) {
      if (call !== 'train') await this.#say(run, sayings.meanwhile);
      // So that a kill may come between one answer and the next.
      await sleep(Math.random() * 30);
      this.#answered.add(id);
      await this.#runtime.answer(id, approvals[call], { id, by: 'ann' });
    }
    for (const [run, { value, context }] of await this.#snapshots()) {
      if (value !== 'done') continue;
      if (context.messages.some(({ id }) => id === sayings.after.id)) this.ended.add(run);
      else await this.#say(run, sayings.after);
    }
  }

  /** Reads what is committed. A run that was not begun has nothing. */
  async read(): Promise<ReadonlyMap<string, Stored>> {
    const snapshots = await this.#snapshots();
    return new Map(Array.from(snapshots, ([run, { context }]) => [run, context]));
  }

  async close(): Promise<void> {
    await this.#runtime.close();
    await this.#store.close();
  }

  async #snapshots(): Promise<ReadonlyMap<string, { readonly value: string; readonly context: Stored }>> {
    const snapshots = new Map<string, { readonly value: string; readonly context: Stored }>();
    for await (const { id, seq, status } of this.#runtime.list()) {
      if (status === 'failed' || status === 'quarantined') throw new Error(`${id} is ${status}.`);
      const { snapshot } = await this.#runtime.checkpoint(id, seq);
      snapshots.set(id, snapshot as { value: string; context: Stored });
    }
    return snapshots;
  }

  async #say(run: string, saying: (typeof sayings)[keyof typeof sayings]): Promise<void> {
    const id = `${run} ${saying.id}`;
    if (this.#said.has(id)) return;
    this.#said.add(id);
    await this.#runtime.send(run, saying, { id });
  }
}
