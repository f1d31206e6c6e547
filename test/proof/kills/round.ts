/** One run of the shop, in one place, over the lives of many processes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goodsOf } from '../goods.ts';
import { readLedger } from '../ledger.ts';
import type { Place } from '../place.ts';
import type { ShopEvent } from './machine.ts';
import type { SpareProcesses, WorkerProcess } from '../worker-process.ts';
import type { Answer, Job, Order, Sent, State } from './worker.ts';

export type Workers = SpareProcesses<Order, Answer>;

/** How many sales are under way at any time. */
const sales = 8;
/** How late a delay may be, once a process has the run open. The machine may be busy with other things. */
export const slack = 700;
const patience = 60_000;
/** How long a process that gets nothing done may go on, in milliseconds. */
const longestWait = 2000;
const jobs = ['ARM', 'COUNT', 'DISPATCH'] as const;

/** A process, from when it had the run open until it was killed. */
export interface Life {
  readonly from: number;
  to: number;
  /** For how long it stood still, in milliseconds. */
  stalled: number;
}

export class Round {
  readonly run = 'lanternworks';
  /** The seqs of their turns, by event id. */
  readonly receipts = new Map<string, number>();
  readonly lives: Life[] = [];
  readonly faults: string[] = [];
  /** The newest job of each kind, and the newest sale. */
  readonly begun: Record<Job, number> = { ARM: 0, COUNT: 0, DISPATCH: 0 };
  sold = 0;
  /** What was counted. */
  readonly tally = { kills: 0, opening: 0, inFlight: 0, stored: 0, sentAgain: 0 };
  readonly #over: Record<Job, number> = { ARM: 0, COUNT: 0, DISPATCH: 0 };
  /** What is not acknowledged, in the order of sending. */
  readonly #open = new Map<string, Sent>();
  #number = 0;
  #worker: WorkerProcess<Order, Answer> | undefined;
  #isReady = false;
  #isClosing = false;
  #ended: State | undefined;

  constructor(
    readonly place: Place,
    readonly folder: string,
    private readonly workers: Workers,
    /** Called with the state that each process finds. Gives its faults. */
    private readonly check: (state: State, round: Round) => readonly string[],
  ) {}

  get ledger(): string {
    return join(this.folder, 'ledger');
  }

  /** The number of the process that has the run now. */
  get number(): number {
    return this.#number;
  }

  /** Kills `count` processes, and lets the next one come to an end. Gives the state at the end. */
  async live(count: number): Promise<State> {
    for (let n = 1; n <= count; n++) {
      const worker = await this.#begin();
      // Some die while they open the run.
      const isEarly = n % 8 === 4;
      if (isEarly) await sleep(Math.random() * 60);
      else {
        await this.#until(() => this.#isReady);
        const before = this.receipts.size;
        await sleep(spanOf(n));
        await this.#someReceipts(before + Math.random() * 12);
      }
      await this.#kill(worker);
      if (this.faults.length > 0) throw new Error('It is not as it must be.');
    }
    const worker = await this.#begin();
    await this.#until(() => this.#isReady);
    await sleep(slack);
    this.#isClosing = true;
    await this.#until(
      () => this.#open.size === 0 && jobs.every((job) => this.#over[job] === this.begun[job]),
    );
    // The last action belongs to the last turn, and comes after it.
    await this.#until(() =>
      readLedger(this.ledger).some(({ what, n }) => what === 'report' && n === this.sold),
    );
    worker.tell({ end: true });
    await this.#until(() => this.#ended !== undefined);
    return this.#ended!;
  }

  /** Where the machine or the store is slow, a process lives until some was done, or for a while. */
  async #someReceipts(enough: number): Promise<void> {
    const last = performance.now() + longestWait;
    while (this.receipts.size < enough && performance.now() < last) await sleep(2);
  }

  async #begin(): Promise<WorkerProcess<Order, Answer>> {
    const worker = await this.workers.take();
    this.#number++;
    this.#isReady = false;
    this.#worker = worker;
    worker.onAnswer = (answer) => this.#hear(answer);
    const { place, folder, run } = this;
    worker.tell({ open: { place, folder, run, life: this.#number } });
    return worker;
  }

  async #kill(worker: WorkerProcess<Order, Answer>): Promise<void> {
    const life = this.#isReady ? this.lives.at(-1) : undefined;
    if (life) life.to = Date.now();
    await worker.kill();
    // What it acknowledged before it died has been heard by now.
    this.tally.kills++;
    if (!this.#isReady) this.tally.opening++;
    if (this.#isReady && this.#open.size > 0) this.tally.inFlight++;
    this.#isReady = false;
  }

  #hear(answer: Answer): void {
    if ('fault' in answer) this.faults.push(answer.fault);
    else if ('ready' in answer) this.#resume(answer.ready, answer.at);
    else if ('receipt' in answer) this.#acknowledge(answer.receipt);
    else if ('over' in answer) {
      this.#over[answer.over] = Math.max(this.#over[answer.over], answer.n);
      this.#soon(() => this.#work());
    } else if ('stalled' in answer) {
      if (this.#isReady) this.lives.at(-1)!.stalled += answer.stalled;
    } else this.#ended = answer.ended;
  }

  #resume(state: State, at: number): void {
    this.lives.push({ from: at, to: Infinity, stalled: 0 });
    this.faults.push(...this.check(state, this));
    const { seen } = state;
    if (seen.length > 0 && this.#open.has(`SELL-${seen.length}`)) this.tally.stored++;
    // All that is not acknowledged goes out again, and some that is, under the same ids.
    const known = [...this.receipts.keys()].filter((id) => id.startsWith('SELL'));
    const again = [known[0], known.at(-1), known[Math.floor(Math.random() * known.length)]].filter(
      (id) => id !== undefined,
    );
    this.#isReady = true;
    this.tally.sentAgain += this.#open.size + again.length;
    this.#worker!.tell({ send: [...this.#open.values(), ...again.map((id) => sale(Number(id.slice(5))))] });
    this.#work();
  }

  #acknowledge({ id, accepted, seq }: { id: string; accepted: boolean; seq: number | undefined }): void {
    const known = this.receipts.get(id);
    if (!accepted || seq === undefined) this.faults.push(`${id} was not accepted`);
    else if ((known ?? seq) !== seq) this.faults.push(`${id} has receipts for ${known} and ${seq}`);
    else this.receipts.set(id, seq);
    this.#open.delete(id);
    this.#soon(() => this.#work());
  }

  /** Fills up with sales, and begins the next job where the last of its kind is over. */
  #work(): void {
    if (this.#isClosing || !this.#isReady) return;
    const batch: Sent[] = [];
    for (const job of jobs) {
      const n = this.begun[job];
      if (this.#over[job] === n && !this.#open.has(`${job}-${n}`))
        batch.push({ id: `${job}-${++this.begun[job]}`, event: jobEvent(job, n + 1) });
    }
    const missing = sales + jobs.length - this.#open.size - batch.length;
    for (let more = Math.ceil(Math.random() * missing); more > 0; more--) batch.push(sale(++this.sold));
    for (const sent of batch) this.#open.set(sent.id, sent);
    if (batch.length > 0) this.#worker!.tell({ send: batch });
  }

  #soon(what: () => void): void {
    setTimeout(what, 1 + Math.random() * 12);
  }

  async #until(holds: () => boolean): Promise<void> {
    const until = performance.now() + patience;
    while (!holds()) {
      if (this.faults.length > 0) throw new Error('It is not as it must be.');
      if (performance.now() > until) {
        const left = [...this.#open.keys()].join(', ');
        throw new Error(
          `It does not come to an end: ${left || 'no event'} unacknowledged, ${JSON.stringify(this.#over)} over of ${JSON.stringify(this.begun)}.`,
        );
      }
      await sleep(10);
    }
  }
}

/** How long a process is let live: at times long enough to show that no delay is late. */
const spanOf = (n: number): number => (n % 8 === 0 ? slack * 1.6 : 20 + Math.random() * 380);

const sale = (n: number): Sent => ({ id: `SELL-${n}`, event: { type: 'SELL', n, goods: goodsOf(n) } });

function jobEvent(job: Job, n: number): ShopEvent {
  return job === 'COUNT' ? { type: job, n, goods: goodsOf(n) } : { type: job, n };
}
