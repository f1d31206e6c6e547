/** Some conversations in one file, over the lives of many processes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { modelServer, type ModelServer } from '../../support/agent/model-server.ts';
import { until } from '../until.ts';
import type { SpareProcesses, WorkerProcess } from '../worker-process.ts';
import { script } from './conversation.ts';
import { countOf } from './outside.ts';
import { People, type Stored } from './people.ts';
import type { Answer, Order } from './worker.ts';

/** How many entries of the ledger, or calls of the model, a process lives for at most, and how long after them. */
const ENTRIES = { most: 10, after: 15 };
const CALLS = { most: 3, after: 60 };

export class Round {
  readonly faults: string[] = [];
  /** What each process left: the first is what the first one left. */
  readonly left: ReadonlyMap<string, Stored>[] = [];
  kills = 0;
  /** How many of them were killed before they had opened all runs. */
  early = 0;
  #isOpen = false;

  private constructor(
    private readonly folder: string,
    private readonly runs: readonly string[],
    private readonly workers: SpareProcesses<Order, Answer>,
    /** With the log of all calls. */
    readonly server: ModelServer,
    private readonly people: People,
  ) {}

  static async in(
    folder: string,
    runs: readonly string[],
    workers: SpareProcesses<Order, Answer>,
  ): Promise<Round> {
    return new Round(folder, runs, workers, await modelServer(script), new People(join(folder, 'runs.db')));
  }

  /** Kills processes until they have killed so many or all has been said, and lets the next one end it. */
  async live(most: number): Promise<void> {
    const attending = this.#attend();
    while (!this.#isOver && this.kills < most) {
      const worker = await this.#begin();
      const isEarly = this.kills % 7 === 3;
      if (!isEarly) {
        await this.#until(() => this.#isOpen);
        await this.#someWork(this.kills % 2 === 0);
      } else await sleep(Math.random() * 60);
      await this.#end(worker);
      if (this.#isOver) break;
      this.kills++;
      if (!this.#isOpen) this.early++;
    }
    if (!this.#isOver) {
      const worker = await this.#begin();
      await this.#until(() => this.#isOver);
      await this.#end(worker);
    }
    await attending;
  }

  async close(): Promise<void> {
    await this.people.close();
    await this.server.close();
  }

  get #isOver(): boolean {
    return this.people.ended.size === this.runs.length || this.faults.length > 0;
  }

  async #begin(): Promise<WorkerProcess<Order, Answer>> {
    const { folder, runs, server } = this;
    const worker = await this.workers.take();
    this.#isOpen = false;
    worker.onAnswer = (answer) => {
      if ('fault' in answer) this.faults.push(answer.fault);
      else this.#isOpen = true;
    };
    worker.tell({ folder, url: server.url, runs, life: this.left.length + 1 });
    return worker;
  }

  async #end(worker: WorkerProcess<Order, Answer>): Promise<void> {
    await worker.kill();
    this.left.push(await this.people.read());
  }

  /** Waits until tools have worked, or the model was asked, for a while: or for as long as that may take. */
  async #someWork(byTools: boolean): Promise<void> {
    const { most, after } = byTools ? ENTRIES : CALLS;
    const seen = (): number => (byTools ? countOf(this.folder) : this.server.calls.length);
    const wanted = seen() + Math.random() * most;
    const last = performance.now() + 1500;
    while (seen() < wanted && performance.now() < last && !this.#isOver) await sleep(1);
    await sleep(Math.random() * after);
  }

  async #attend(): Promise<void> {
    while (!this.#isOver) {
      await this.people.attend().catch((error: unknown) => this.faults.push(String(error)));
      await sleep(5);
    }
  }

  #until(holds: () => boolean): Promise<void> {
    return until(holds, this.faults, () => `${this.people.ended.size} of ${this.runs.length} are over`);
  }
}
