/** Delivers what others left for a run that this runtime holds: in order, each message with the turn that it makes. */
import type { AnyEventObject } from 'xstate';
import type { Codec } from '../checkpoint/codec.ts';
import { InvalidArgumentError, SavepointError, StoreError } from '../errors.ts';
import { isRefusal, type Answers } from '../input/answers.ts';
import type { Receipt } from '../run/receipt.ts';
import type { Told } from '../run/told.ts';
import type { Pausing } from '../steering/pausing.ts';
import type { Store } from '../store.ts';
import { isForGood } from '../turns/turn-log.ts';
import type { Writes } from '../turns/writes.ts';
import { CONTROL, decodeMail, HeldBackError, OUTCOME, type Mail, type StoredOutcome } from './mail.ts';

/** The run whose inbox it is. */
export interface InboxOwner {
  readonly id: string;
  readonly isClosed: boolean;
  /** Set from when on it is being let go of. */
  readonly leaving: Promise<void> | undefined;
  /** Its share of the process is over. */
  readonly yields: boolean;
  readonly context: {
    readonly store: Store;
    readonly inline: Codec;
    readonly logger: (...args: unknown[]) => void;
  };
  readonly pausing: Pausing;
  send(event: AnyEventObject, told: Told): Promise<Receipt>;
  cancel(told: Told): Promise<void>;
  record(writes: Writes): Promise<unknown>;
  progressed(): void;
}

const PAGE = 100;

export class Inbox {
  /** Messages that are on their way. */
  #delivering: Set<string> | undefined;
  #draining: Promise<void> | undefined;

  constructor(
    private readonly owner: InboxOwner,
    private readonly answers: Answers,
  ) {}

  /** Is something being delivered? */
  get isBusy(): boolean {
    return this.#draining !== undefined;
  }

  /** Delivers all that waits. Resolves when it is durable. */
  drain(): Promise<void> {
    if (this.#draining) return this.#draining.then(() => this.drain());
    const draining = this.#drain().finally(() => {
      this.#draining = undefined;
      this.owner.progressed();
    });
    this.#draining = draining;
    return draining;
  }

  async #drain(): Promise<void> {
    const { id: run, context } = this.owner;
    let hasSkipped = false;
    for (let after: string | undefined; !this.owner.isClosed && !this.owner.leaving;) {
      const prefix = this.owner.pausing.isHeldBack ? CONTROL : undefined;
      if (prefix !== undefined) hasSkipped = true;
      const rows = await context.store.rows(run, 'inbox', { limit: PAGE, after, prefix });
      const delivered: Promise<void>[] = [];
      for (const { key, value } of rows) {
        if (this.#delivering?.has(key)) continue;
        if (this.owner.pausing.isHeldBack && !key.startsWith(CONTROL)) {
          hasSkipped = true;
          continue;
        }
        (this.#delivering ??= new Set()).add(key);
        const mail = await decodeMail(context.inline, value as string);
        // An event whose id is being looked up must not be overtaken by what is no event.
        if (mail.type !== 'event') await Promise.all(delivered);
        if (this.owner.pausing.isGoingOn) await this.owner.pausing.passTime(mail.at);
        const delivery = this.#deliver(key, mail).finally(() => this.#delivering?.delete(key));
        // Taken when its code comes to the question again, which may need what waits behind it.
        if (mail.type === 'answer' && this.answers.isDetached(mail.input)) continue;
        delivered.push(delivery);
        // An answer whose schema takes its time must not be overtaken.
        if (mail.type !== 'event') await delivered.at(-1);
      }
      await Promise.all(delivered);
      if (hasSkipped && !this.owner.pausing.isHeldBack) {
        // From the first one that had to wait.
        hasSkipped = false;
        after = undefined;
      } else if (rows.length < PAGE || this.owner.yields) break;
      else after = rows.at(-1)!.key;
    }
    if (!this.owner.isClosed) this.owner.pausing.drained();
  }

  /** The effects that have ended, and which start of each that was: their outcomes wait. */
  async finished(): Promise<Map<string, number>> {
    const { id: run, context } = this.owner;
    const finished = new Map<string, number>();
    for (let after: string | undefined; ;) {
      const rows = await context.store.rows(run, 'inbox', { limit: PAGE, after, prefix: OUTCOME });
      for (const { value } of rows) {
        const mail = (await decodeMail(context.inline, value as string)) as StoredOutcome;
        if (mail.effect !== undefined && mail.ended !== undefined) finished.set(mail.effect, mail.ended);
      }
      if (rows.length < PAGE) return finished;
      after = rows.at(-1)!.key;
    }
  }

  async #deliver(take: string, mail: Mail): Promise<void> {
    try {
      switch (mail.type) {
        case 'event':
          return await this.#event(take, mail);
        case 'answer':
          return await this.#answer(take, mail);
        case 'outcome':
          return await this.owner.pausing.deliver(mail, take);
        default: {
          const { type, by, reason } = mail;
          const told = { take, by, reason };
          if (type === 'cancel') return await this.owner.cancel(told);
          return await this.owner.pausing[type === 'pause' ? 'pause' : 'goOn'](told);
        }
      }
    } catch (error) {
      // Let go of: whoever takes the run next delivers it. Or paused: it is delivered when the run goes on.
      if (this.owner.isClosed || this.owner.leaving || error instanceof HeldBackError) return;
      this.owner.context.logger(`A message for run '${this.owner.id}' came to nothing.`, error);
      // A store that failed to read, say: with the next look it comes again.
      if (error instanceof StoreError && !isForGood(error)) return;
      // What the run can never take must not come again and again.
      if (SavepointError.isInstance(error)) await this.owner.record({ take: [take] }).catch(() => {});
    }
  }

  async #event(take: string, { event, id, by }: Extract<Mail, { type: 'event' }>): Promise<void> {
    const receipt = await this.owner.send(event, { take, id, by });
    if (receipt.accepted !== true) await this.owner.record({ take: [take] });
  }

  async #answer(
    take: string,
    { input, value, by, id, at }: Extract<Mail, { type: 'answer' }>,
  ): Promise<void> {
    try {
      await this.answers.answer(input, value, { take, by, id, at });
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof InvalidArgumentError)) throw error;
      await this.answers.refuse(input, { value, by, id, at }, error, { take });
    }
  }
}
