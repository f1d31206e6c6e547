/** Whoever looks on from outside: reads the store, knows no machine, and decides on the answers. */
import { createRuntime, type Runtime } from 'savepoint';
import { openPlace, type OpenedPlace, type Place } from '../place.ts';
import { questionsOf } from './machine.ts';
import type { Said } from './worker.ts';

/** An answer that was decided on. */
export interface Plan extends Said {
  /** Given by the process that has the orders, or left in the inbox by this one. */
  readonly through: 'worker' | 'inbox';
  /** Given before its question opened. */
  readonly early: boolean;
  readonly due: number;
  state: 'meant' | 'sent' | 'acknowledged';
  /** Of its receipt, where that told one. */
  seq?: number | undefined;
}

/** How long a question is open before somebody answers, in milliseconds. */
const thinking = 80;

export class Desk {
  /** By question. */
  readonly plans = new Map<string, Plan>();
  /** All orders that were begun, and those of them that are in the store, and at their end. */
  readonly orders: string[] = [];
  readonly started = new Set<string>();
  readonly ended = new Set<string>();
  readonly #opened: OpenedPlace;
  readonly #runtime: Runtime;

  constructor(
    place: Place,
    private readonly faults: string[],
  ) {
    this.#opened = openPlace(place);
    this.#runtime = createRuntime({ store: this.#opened.store });
  }

  /** Plans whose time has come, for the process that has the orders. This one leaves its own in the inbox. */
  async due(): Promise<readonly Plan[]> {
    const due = [...this.plans.values()].filter((plan) => plan.state === 'meant' && plan.due <= Date.now());
    for (const plan of due.filter(({ through }) => through === 'inbox')) {
      plan.state = 'sent';
      const { question, id, word } = plan;
      // Some send it twice.
      for (let times = Math.random() < 0.3 ? 2 : 1; times > 0; times--) {
        const { seq } = await this.#runtime.answer(question, { word }, { id, by: id });
        this.acknowledge(question, seq);
      }
    }
    return due.filter(({ through }) => through === 'worker');
  }

  acknowledge(question: string, seq: number | undefined): void {
    const plan = this.plans.get(question)!;
    if (plan.seq !== undefined && seq !== undefined && plan.seq !== seq)
      this.faults.push(`${plan.id} has receipts for ${plan.seq} and ${seq}`);
    plan.seq ??= seq;
    plan.state = 'acknowledged';
  }

  /** An order is in the store. The second question of some is answered before it opens. */
  begun(order: string): void {
    if (this.started.has(order)) return;
    this.started.add(order);
    if (Math.random() < 0.25) this.#mean(questionsOf(order)[1]!, true);
  }

  /** What is asked now, and which orders are at their end. */
  async look(): Promise<void> {
    const closed = [...this.plans.values()].filter(({ seq }) => seq !== undefined);
    const open = new Set<string>();
    for await (const { id, run } of this.#runtime.inputs()) {
      if (!questionsOf(run).includes(id)) this.faults.push(`${id} is asked`);
      if (open.has(id)) this.faults.push(`${id} is listed twice`);
      open.add(id);
      if (!this.plans.has(id)) this.#mean(id, false);
    }
    for (const { question } of closed)
      if (open.has(question)) this.faults.push(`${question} is open, and its answer was delivered`);
    for (const order of this.started) {
      if (this.ended.has(order)) continue;
      const { status } = await this.#runtime.get(order);
      if (status === 'done') this.ended.add(order);
      if (['failed', 'cancelled', 'quarantined'].includes(status)) this.faults.push(`${order} is ${status}`);
    }
  }

  /** Is there a message that nobody has taken? */
  async isInboxEmpty(): Promise<boolean> {
    return (await this.#opened.store.runs({ undelivered: true, limit: 1 })).length === 0;
  }

  /** The state of an order, and what became of its questions. */
  async read(order: string) {
    const { seq } = await this.#runtime.get(order);
    const { snapshot } = await this.#runtime.checkpoint(order, seq);
    const records = await Promise.all(questionsOf(order).map((id) => this.#runtime.recordOf(id)));
    return { snapshot, records };
  }

  async close(): Promise<void> {
    await this.#runtime.close();
    await this.#opened.close();
  }

  #mean(question: string, early: boolean): void {
    this.plans.set(question, {
      question,
      early,
      id: `answer-${this.plans.size + 1}`,
      word: `word ${this.plans.size + 1}`,
      through: Math.random() < 0.5 ? 'worker' : 'inbox',
      due: Date.now() + Math.random() * thinking,
      state: 'meant',
    });
  }
}
