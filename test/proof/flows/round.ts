/** Some flows in one file, over the lives of many processes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime } from 'savepoint';
import { nodeStates, type NodeState } from 'savepoint/machines';
import { sqliteStore } from 'savepoint/sqlite';
import { until } from '../until.ts';
import type { SpareProcesses, WorkerProcess } from '../worker-process.ts';
import { sizeOf } from './outside.ts';
import type { Answer, Given, Order } from './worker.ts';

/** How many calls a process lives for, at most. */
const CALLS = 60;

/** What is in the file of a flow. */
export interface Stored {
  readonly status: string;
  readonly states: Readonly<Record<string, NodeState>>;
}

export class Round {
  readonly faults: string[] = [];
  /** What the processes left, by flow: the first is what the first one left. */
  readonly left: ReadonlyMap<string, Stored>[] = [];
  kills = 0;
  /** How many of them were killed before they had opened all flows. */
  early = 0;
  #state: 'opening' | 'going on' | 'ended' = 'opening';

  constructor(
    private readonly folder: string,
    private readonly flows: readonly Given[],
    private readonly workers: SpareProcesses<Order, Answer>,
  ) {}

  /** Kills processes until they have killed so many or the flows have ended, and lets the next one end them. */
  async live(most: number): Promise<void> {
    while (this.kills < most) {
      const worker = await this.#begin();
      const isEarly = this.kills % 6 === 3;
      if (isEarly) await sleep(Math.random() * 150);
      else {
        await this.#until(() => this.#state !== 'opening');
        await this.#calls(Math.random() * CALLS);
        await sleep(Math.random() * 15);
      }
      await worker.kill();
      this.left.push(await this.#read());
      if (this.faults.length > 0) throw new Error('It is not as it must be.');
      if (this.#state === 'ended') return;
      this.kills++;
      if (this.#state === 'opening') this.early++;
    }
    await this.#begin();
    await this.#until(() => this.#state === 'ended');
    this.left.push(await this.#read());
  }

  async #begin(): Promise<WorkerProcess<Order, Answer>> {
    const { folder, flows } = this;
    const worker = await this.workers.take();
    this.#state = 'opening';
    worker.onAnswer = (answer) => {
      if ('fault' in answer) this.faults.push(answer.fault);
      else this.#state = 'ended' in answer ? 'ended' : 'going on';
    };
    worker.tell({ folder, flows, life: this.left.length + 1 });
    return worker;
  }

  /** Waits for so many calls, or for as long as they may take. */
  async #calls(count: number): Promise<void> {
    const bytes = sizeOf(this.folder) + count * 100;
    const last = performance.now() + 400;
    while (sizeOf(this.folder) < bytes && performance.now() < last) await sleep(1);
  }

  /** Reads the file, and knows no machine. */
  async #read(): Promise<ReadonlyMap<string, Stored>> {
    const store = sqliteStore(join(this.folder, 'flows.db'));
    const runtime = createRuntime({ store });
    const left = new Map<string, Stored>();
    for await (const { id, seq, status } of runtime.list()) {
      const { snapshot } = await runtime.checkpoint(id, seq);
      left.set(id, { status, states: nodeStates(snapshot as object) });
    }
    await runtime.close();
    await store.close();
    return left;
  }

  #until(holds: () => boolean): Promise<void> {
    return until(holds, this.faults, () => {
      const stored = [...(this.left.at(-1) ?? [])].filter(([, { status }]) => status !== 'done');
      return stored.map(([id, { status }]) => `${id} is ${status}`).join(', ') || 'no flow was begun';
    });
  }
}
