/** Orders in one place, over the lives of many processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../place.ts';
import { until } from '../until.ts';
import type { SpareProcesses, WorkerProcess } from '../worker-process.ts';
import { Desk, type Plan } from './desk.ts';
import type { Outside } from './outside.ts';
import type { Answer, Order } from './worker.ts';

/** How many orders are under way at any time. */
const atOnce = 6;
/** Also a process that does nothing is killed after a while, in milliseconds. */
const longestLife = 2000;

export class Round {
  readonly faults: string[] = [];
  readonly tally = { kills: 0, early: 0, unanswered: 0, sentAgain: 0 };
  readonly desk: Desk;
  #worker: WorkerProcess<Order, Answer> | undefined;
  #life = 0;
  #state: 'opening' | 'ready' | 'dead' | 'ended' = 'dead';
  #isClosing = false;

  constructor(
    private readonly place: Place,
    private readonly workers: SpareProcesses<Order, Answer>,
    private readonly outside: Outside,
  ) {
    this.desk = new Desk(place, this.faults);
  }

  /** Kills `count` processes, and lets the next one bring all orders to their end. */
  async live(count: number): Promise<void> {
    const working = this.#work();
    for (let n = 1; n <= count; n++) {
      const worker = await this.#begin();
      // Some die while they open what was left.
      const isEarly = n % 8 === 4;
      if (!isEarly) {
        await this.#until(() => this.#state === 'ready');
        await this.#someDeeds();
      }
      await sleep(Math.random() * (isEarly ? 80 : 60));
      await this.#kill(worker);
    }
    this.#isClosing = true;
    const worker = await this.#begin();
    const { orders, ended, plans } = this.desk;
    await this.#until(
      () =>
        ended.size === orders.length && [...plans.values()].every(({ state }) => state === 'acknowledged'),
    );
    // The last action belongs to the last turn, and comes after it.
    await this.#until(() => this.outside.ordersWith('ship', 'end') >= orders.length);
    await this.#until(() => this.desk.isInboxEmpty());
    worker.tell({ end: true });
    await this.#until(() => this.#state === 'ended');
    await working;
  }

  async end(): Promise<void> {
    this.#state = 'ended';
    await this.#worker?.kill();
    await this.desk.close();
  }

  async #begin(): Promise<WorkerProcess<Order, Answer>> {
    const worker = await this.workers.take();
    this.#worker = worker;
    this.#state = 'opening';
    worker.onAnswer = (answer) => this.#hear(answer);
    worker.tell({ begin: { place: this.place, port: this.outside.port, life: ++this.#life } });
    return worker;
  }

  async #kill(worker: WorkerProcess<Order, Answer>): Promise<void> {
    await worker.kill();
    this.tally.kills++;
    if (this.#state === 'opening') this.tally.early++;
    if ([...this.desk.plans.values()].some(({ state }) => state === 'sent')) this.tally.unanswered++;
    this.#state = 'dead';
  }

  /** Lets so much happen as a process does in some hundred milliseconds, however slow the machine and the store are. */
  async #someDeeds(): Promise<void> {
    const { outside } = this;
    const enough = outside.count() + Math.floor(Math.random() * 12);
    const last = performance.now() + longestLife;
    while (outside.count() < enough && performance.now() < last) await sleep(2);
  }

  #hear(answer: Answer): void {
    if ('fault' in answer) this.faults.push(answer.fault);
    else if ('recovered' in answer) this.#resume();
    else if ('started' in answer) this.desk.begun(answer.started);
    else if ('acknowledged' in answer) this.desk.acknowledge(answer.acknowledged.question, answer.seq);
    else this.#state = 'ended';
  }

  /** What is not acknowledged goes out again, and some that is, under the same ids. */
  #resume(): void {
    this.#state = 'ready';
    const { plans, orders, started, ended } = this.desk;
    const theirs = [...plans.values()].filter(({ through }) => through === 'worker');
    const open = theirs.filter(({ state }) => state === 'sent');
    const known = theirs.findLast(
      ({ state, question }) => state === 'acknowledged' && !ended.has(question.split(/[/:]/, 1)[0]!),
    );
    this.tally.sentAgain += open.length + (known ? 1 : 0);
    for (const plan of known ? [...open, known] : open) this.#tell(plan);
    this.#worker!.tell({ start: orders.filter((order) => !started.has(order)) });
  }

  /** Looks on, answers, and begins a new order where one is at its end. */
  async #work(): Promise<void> {
    const { desk } = this;
    while (this.#state !== 'ended' && this.faults.length === 0) {
      try {
        await desk.look();
        const due = await desk.due();
        if (this.#state === 'ready') {
          for (const plan of due) this.#tell(plan);
          while (!this.#isClosing && desk.orders.length - desk.ended.size < atOnce) {
            desk.orders.push(`order-${desk.orders.length + 1}`);
            this.#worker!.tell({ start: desk.orders.slice(-1) });
          }
        }
      } catch (error) {
        this.faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      await sleep(10);
    }
  }

  #tell(plan: Plan): void {
    const { question, id, word } = plan;
    if (plan.state === 'meant') plan.state = 'sent';
    this.#worker!.tell({ answer: { question, id, word } });
  }

  #until(holds: () => boolean | Promise<boolean>): Promise<void> {
    return until(holds, this.faults, () => {
      const { orders, ended, plans } = this.desk;
      const left = [...plans.values()].filter(({ state }) => state !== 'acknowledged');
      return (
        `${this.#state}; left are ${orders.filter((order) => !ended.has(order)).join(', ') || 'no orders'}, ` +
        `answers to ${left.map(({ question }) => question).join(', ') || 'nothing'}, and ` +
        `${orders.length - this.outside.ordersWith('ship', 'end')} shipments`
      );
    });
  }
}
