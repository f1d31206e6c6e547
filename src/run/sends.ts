/** Events on their way into a run: in order, once for each id, each with a receipt. */
import type { AnyEventObject } from 'xstate';
import { checkEvent } from '../check-event.ts';
import { EventNotAcceptedError, InvalidArgumentError } from '../errors.ts';
import { checkId } from '../ids.ts';
import { eventId, HeldBackError, MessageWaitsError } from '../inbox/mail.ts';
import type { Pausing } from '../steering/pausing.ts';
import type { Awaitable, Row, Store } from '../store.ts';
import type { Ended } from '../turns/entry.ts';
import type { Durability } from '../turns/turn-log.ts';
import type { Writes } from '../turns/writes.ts';
import { acceptedEvents } from '../xstate/asking.ts';
import type { Host } from '../xstate/host.ts';
import type { LiveActor } from '../xstate/insider.ts';
import type { Turn } from '../xstate/turn.ts';
import { receiptOf, type Receipt } from './receipt.ts';
import type { SendOptions, Told } from './told.ts';

/** The run that they are sent to. */
export interface SendsOwner {
  readonly id: string;
  readonly host: Host;
  readonly durability: Durability;
  readonly context: { readonly store: Store };
  /** The last turn that is not durable yet. */
  readonly last: Ended | undefined;
  /** Throws where the run takes nothing any more. */
  checkOpen(): void;
  turn(target: LiveActor, event: AnyEventObject, told: Told): Turn;
  readonly pausing: Pausing;
  flushed(): Promise<void>;
  record(writes: Writes): Promise<unknown>;
  /** Delivers what waits in the inbox. */
  drain(): Promise<void>;
}

/** An event with an id, on its way. */
interface Sending {
  /** Of this very call. */
  readonly sent: Promise<Receipt>;
  /** The same, or that of a message with the id that was left before. */
  readonly receipt: Promise<Receipt>;
}

export class Sends {
  /** Event ids on their way into the store. */
  #sending: Map<string, Sending> | undefined;
  /** Sends that wait for the store to say whether an id was used. */
  #queue: Promise<unknown> | undefined;

  constructor(private readonly owner: SendsOwner) {}

  send(event: AnyEventObject, given?: SendOptions & Pick<Told, 'take'>): Promise<Receipt> {
    try {
      checkEvent(this.owner.id, event);
      const options = given ?? {};
      const { id, by = '', take } = options;
      if (typeof by !== 'string')
        throw new InvalidArgumentError(`'by' names who sends an event, as a string.`);
      const { pausing } = this.owner;
      // What waited while it was paused comes first.
      if (take === undefined && pausing.isGoingOn)
        return pausing.goneOn().then(() => this.send(event, options));
      if (id !== undefined) return this.#once(id, event, options);
      if (this.#queue) return this.#inOrder([], () => this.deliver(this.owner.host.root, event, options));
      return this.deliver(this.owner.host.root, event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends an event to an actor. Resolves when what it did is durable. */
  deliver(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt> {
    try {
      this.owner.checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    // An answer was asked about before it was checked.
    if (!told.answer && this.owner.pausing.holdsBack(told)) return this.#later(event, told);
    // Sent by a guard or an assigner: it gets a turn of its own, as soon as this one is over.
    if (this.owner.host.isInTurn) return Promise.resolve().then(() => this.deliver(target, event, told));
    return this.#put(target, event, told);
  }

  /** The run is paused. What it goes on with comes first; under an id it may be this very event. */
  async #later(event: AnyEventObject, told: Told): Promise<Receipt> {
    if (told.take !== undefined) throw new HeldBackError();
    const { pausing } = this.owner;
    try {
      return await pausing.queueEvent(event, told);
    } catch (error) {
      if (!(error instanceof HeldBackError) || told.id !== undefined) throw error;
      await pausing.goneOn();
      return this.send(event, told);
    }
  }

  #put(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt> {
    const turn = this.owner.turn(target, event, told);
    if (turn.refusal !== undefined) return Promise.reject(turn.refusal);
    const ended = this.owner.last;
    if (ended?.turn !== turn) return this.#ignored(target, event, told);
    return new Promise((resolve, reject) => {
      const done = (seq: number | undefined): void =>
        resolve(
          seq === undefined ? this.#ignored(target, event, told) : { delivered: true, accepted: true, seq },
        );
      (ended.waiters ??= []).push({ resolve: done, reject });
    });
  }

  /** Nothing took it; that, too, is true only once the turns before it are. Without them, it may be taken. */
  async #ignored(target: LiveActor, event: AnyEventObject, told: Told): Promise<Receipt> {
    const { id, required } = told;
    const accepted = acceptedEvents(target);
    const before = this.owner.durability === 'sync' ? this.owner.last : undefined;
    const receipt = await (before &&
      new Promise<Receipt | undefined>((resolve, reject) => {
        const again = (): void => resolve(this.#put(target, event, told));
        (before.waiters ??= []).push({ resolve: () => resolve(undefined), reject, again });
      }));
    if (receipt) return receipt;
    if (id !== undefined) this.#sending?.delete(id);
    if (required) throw new EventNotAcceptedError(this.owner.id, event.type, accepted);
    return { delivered: true, accepted: false };
  }

  #once(id: string, event: AnyEventObject, options: SendOptions & Pick<Told, 'take'>): Promise<Receipt> {
    checkId('event', id);
    const { take } = options;
    const known = this.#sending?.get(id);
    if (known) return take === undefined ? known.receipt : this.#behind(known, id, event, options);
    const used = this.owner.context.store.rows(this.owner.id, 'event', { key: id });
    const deliver = ([receipt]: readonly Pick<Row, 'value'>[]): Promise<Receipt> =>
      receipt ? this.#taken(receiptOf(receipt), take) : this.deliver(this.owner.host.root, event, options);
    const sent = used instanceof Promise || this.#queue ? this.#inOrder(used, deliver) : deliver(used);
    // One that nothing took is sent anew under its id: that one is still on its way.
    const forget = (): void => {
      if (this.#sending?.get(id)?.sent === sent) this.#sending.delete(id);
    };
    const again = async (): Promise<Receipt> => {
      forget();
      await this.owner.pausing.goneOn();
      return this.#once(id, event, options);
    };
    const receipt = take === undefined ? this.#unlessWaiting(id, sent, again) : sent;
    (this.#sending ??= new Map()).set(id, { sent, receipt });
    // Until it is durable, the store does not know it.
    receipt.then(() => this.owner.flushed().then(forget, forget), forget);
    return receipt;
  }

  /** A message with an id that a call is sending: that one counts, unless the message was there before it. */
  async #behind(
    { sent }: Sending,
    id: string,
    event: AnyEventObject,
    options: SendOptions & Pick<Told, 'take'>,
  ): Promise<Receipt> {
    let receipt;
    try {
      receipt = await sent;
    } catch {
      return this.#once(id, event, options);
    }
    return receipt.accepted ? this.#taken(receipt, options.take) : receipt;
  }

  /** The message of an event that was sent before is done with. */
  async #taken(receipt: Receipt, take: string | undefined): Promise<Receipt> {
    if (take !== undefined) await this.owner.record({ take: [take] });
    return receipt;
  }

  /** The same id was left in the inbox by another: that one counts. `again`: for one that comes while that is delivered. */
  #unlessWaiting(id: string, sent: Promise<Receipt>, again: () => Promise<Receipt>): Promise<Receipt> {
    return sent.catch(async (error: unknown): Promise<Receipt> => {
      if (error instanceof HeldBackError) return again();
      if (!(error instanceof MessageWaitsError)) throw error;
      this.#sending?.delete(id);
      await this.owner.drain();
      const [receipt] = await this.owner.context.store.rows(this.owner.id, 'event', { key: id });
      return receipt ? receiptOf(receipt) : { delivered: true, accepted: false };
    });
  }

  /** Sends keep their order, also where the store has to be asked first. */
  #inOrder<T>(lookup: Awaitable<T>, deliver: (found: T) => Promise<Receipt>): Promise<Receipt> {
    let delivered!: Promise<Receipt>;
    // It may fail before it is this one's turn to hear of it.
    if (lookup instanceof Promise) lookup.catch(() => {});
    // The next goes on when this one has been put to the actors, not when it is durable.
    const put = async (): Promise<void> => {
      const found = await lookup;
      delivered = deliver(found);
      delivered.catch(() => {});
    };
    // One that failed is no reason for those behind it to fail.
    const mine = (this.#queue ?? Promise.resolve()).then(put, put);
    const over = (): void => {
      if (this.#queue === mine) this.#queue = undefined;
    };
    this.#queue = mine;
    mine.then(over, over);
    return mine.then(() => delivered);
  }
}

/** The message that must not wait when an event with an id is taken. */
export const waitingFor = ({ id, take }: Told): readonly string[] | undefined =>
  id === undefined || take !== undefined ? undefined : [eventId(id)];
