/**
 * A run that is paused, while it is open here: what comes for it waits in its inbox, what is in flight goes on to its end,
 * and nothing starts.
 *
 * It goes on in three steps: a commit that says so; then what waits is delivered, each message after the delays that were
 * due before it came; and only then starts what was held back, as far as that has not made it superfluous.
 */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { RunClosedError, StoreError } from '../errors.ts';
import { encodeMail, outcomeId, type StoredOutcome } from '../inbox/mail.ts';
import { queueAnswer, queueEvent, type QueueContext } from '../inbox/queue.ts';
import type { AnswerOptions } from '../input/answers.ts';
import type { Desk } from '../run/desk.ts';
import type { Receipt } from '../run/receipt.ts';
import type { Paused } from '../run/run-info.ts';
import type { Standing } from '../run/standing.ts';
import { isEnd } from '../run/status.ts';
import type { SendOptions } from '../run/told.ts';
import { storable } from '../storable.ts';
import type { Message, RunStatus } from '../store.ts';
import { InOrder } from '../turns/in-order.ts';
import type { TurnLog } from '../turns/turn-log.ts';
import type { Writes } from '../turns/writes.ts';
import { actorPath } from '../xstate/actor-path.ts';
import { isLast } from '../xstate/effect.ts';
import type { Host, Late } from '../xstate/host.ts';
import { goOnWithDelays, type DelayPolicies } from '../xstate/restore.ts';

/** The run that is paused. */
export interface PausedRun {
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly status: RunStatus;
  readonly host: Host;
  readonly desk: Desk;
  readonly log: TurnLog;
  readonly standing: Standing;
  readonly isClosed: boolean;
  readonly context: QueueContext & {
    readonly delays: DelayPolicies;
    readonly logger: (...args: unknown[]) => void;
  };
  record(writes: Writes): Promise<unknown>;
  until(holds: () => boolean): Promise<void>;
  /** The pause is over. */
  goesOnAgain(): void;
  progressed(): void;
}

// How long to wait for a store that failed, in milliseconds.
const FIRST_RETRY = 10;
const LAST_RETRY = 1000;

export class Pause {
  /** Resolves when the run goes on. */
  readonly over: Promise<void>;
  #end!: () => void;
  #state: 'beginning' | 'paused' | 'going on' | 'over' = 'paused';
  #beginning: Promise<void> | undefined;
  /** Brings what comes into the inbox, in the order in which it came. */
  readonly #storing = new InOrder(() => this.look());
  /** What came while it was not durable that the run is paused, or no more: it is lost with the process, as what made it is. */
  #late: Late[] = [];
  /** What the store was told of the effects. */
  #told: string | undefined;

  constructor(
    private readonly run: PausedRun,
    /** It counts no more. */
    private readonly forget: () => void,
  ) {
    this.over = new Promise((resolve) => (this.#end = resolve));
    run.host.pause();
    run.desk.outbox.hold();
  }

  /** Does everything wait but what steers the run? */
  get isHeldBack(): boolean {
    return this.#state === 'beginning' || this.#state === 'paused';
  }

  /** Is what waited being delivered? */
  get isGoingOn(): boolean {
    return this.#state === 'going on';
  }

  /** Is nothing in flight any more? */
  get isAtRest(): boolean {
    const { host, desk } = this.run;
    return this.#state === 'paused' && !this.#storing.isBusy && !host.isBusy && !desk.outbox.isActing;
  }

  // --- Beginning

  /** Pauses a run that goes on, or is about to. Resolves when that is durable. */
  begin(paused: Paused, take: string | undefined): Promise<void> {
    this.#state = 'beginning';
    return (this.#beginning = this.#begin(paused, take));
  }

  async #begin(paused: Paused, take: string | undefined): Promise<void> {
    const { run } = this;
    const { host, desk, log, standing } = run;
    // The turns before it are let out: what they do at once is a part of them.
    desk.outbox.goOn();
    await run.until(() => {
      log.flush();
      return log.isSettled;
    });
    if (isEnd(run.status)) throw new RunClosedError(run.id, standing.why);
    desk.outbox.hold();
    host.suspend();
    standing.pause(paused);
    this.#told = JSON.stringify(standing.more);
    try {
      await run.record({ ...(take !== undefined && { take: [take] }) });
    } catch (error) {
      standing.paused = undefined;
      this.#letGo();
      throw error;
    }
    this.#state = 'paused';
    const late = this.#late;
    this.#late = [];
    for (const one of late) this.putOff(one);
    this.look();
  }

  /** Settles when it is durable that the run is paused; `undefined`: it is. */
  get begun(): Promise<void> | undefined {
    return this.#state === 'beginning' ? this.#beginning : undefined;
  }

  /** What runs may have ended, or may wait now. */
  look(): void {
    const { run } = this;
    if (this.#state !== 'paused' || run.isClosed || !run.standing.isPaused) return;
    run.host.suspend();
    const told = JSON.stringify(run.standing.more);
    if (this.#told !== undefined && this.#told !== told) {
      this.#told = told;
      run.log.record({}, run.standing.head('paused')).then(
        () => run.progressed(),
        () => {},
      );
    }
    run.progressed();
  }

  // --- What waits

  /** Leaves an event in the inbox. */
  queueEvent(event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    return this.#storing.do(() => queueEvent(this.run.context, this.run.id, event, options));
  }

  /** Leaves an answer in the inbox, checked where that is possible. */
  queueAnswer(input: string, value: unknown, options: AnswerOptions): Promise<Receipt> {
    const { context, id, machine } = this.run;
    const machineOf = (): AnyStateMachine => machine;
    return this.#storing.do(() => queueAnswer(context, machineOf, id, input, value, options));
  }

  /** Leaves what an effect reports, or an actor is sent. Throws what cannot be stored, where that is no effect's. */
  putOff(late: Late): void {
    const { effect, source, target, event } = late;
    if (this.#state !== 'paused') return void this.#late.push(late);
    const { standing } = this.run;
    const ended = effect && target === effect.actor && isLast(event);
    const mail: Omit<StoredOutcome, 'event'> = {
      type: 'outcome',
      effect: effect?.key,
      ended: ended ? standing.attemptOf(effect.key) : undefined,
      source: source && actorPath(source),
      target: actorPath(target),
      at: this.run.context.clock.now(),
    };
    let message: Message;
    try {
      message = this.#encode({ ...mail, event });
    } catch (error) {
      if (!effect) throw error;
      const failed = effect.failure(storable(error));
      const ended = standing.attemptOf(effect.key);
      message = this.#encode({ ...mail, ended, target: actorPath(effect.actor), event: failed });
    }
    if (effect && ended) effect.hasReported = true;
    this.#storing.do(() => this.#store(message)).catch(this.run.context.logger);
  }

  #encode(mail: StoredOutcome): Message {
    return encodeMail(this.run.context.inline, outcomeId(), mail);
  }

  /** Resolves when what came so far is in the inbox, or never will be. */
  stored(): Promise<void> {
    return this.#storing.idle();
  }

  /** Also past the end of the lease: the run may still be ours, and who has it else does not hear what it did not start. */
  async #store(message: Message): Promise<void> {
    const { id, context } = this.run;
    for (let wait = FIRST_RETRY; !this.run.isClosed; wait = Math.min(LAST_RETRY, wait * 2)) {
      try {
        return void (await context.store.enqueue(id, message));
      } catch (error) {
        if (wait === FIRST_RETRY)
          context.logger(`Savepoint could not keep what came for run '${id}'; it is tried again.`, error);
        const retry = wait;
        await new Promise((resolve) => setTimeout(resolve, retry));
      }
    }
  }

  // --- Going on

  /** Makes it durable that the run goes on. `catchUp()` is to follow. */
  async goOn(take: string | undefined): Promise<void> {
    const { run } = this;
    const { host, standing, desk, log, context } = run;
    await this.#beginning?.catch(() => {});
    if (this.#state !== 'paused') return;
    await this.stored();
    const waiting = await desk.inbox.finished();
    const finished = new Set<string>();
    for (const [effect, attempt] of waiting) if (standing.attemptOf(effect) === attempt) finished.add(effect);
    // Somebody was quicker.
    if (this.#state !== 'paused') return;
    this.#state = 'going on';
    const { lastSeen } = standing;
    const { head, takeBack } = standing.goOn(finished);
    try {
      await log.record({ ...(take !== undefined && { take: [take] }) }, head);
    } catch (error) {
      takeBack();
      this.#state = 'paused';
      throw error;
    }
    goOnWithDelays(host, context.delays, lastSeen);
  }

  /** Delivers what waits, and then lets everything happen. */
  async catchUp(): Promise<void> {
    const { id, desk, context } = this.run;
    for (
      let wait = FIRST_RETRY;
      this.isGoingOn && !this.run.isClosed;
      wait = Math.min(LAST_RETRY, wait * 2)
    ) {
      try {
        await desk.inbox.drain();
      } catch (error) {
        if (this.run.isClosed) return;
        context.logger(`Savepoint could not deliver what waited for run '${id}'.`, error);
        // What cannot be read must not keep the run from going on.
        if (!(error instanceof StoreError)) return this.drained();
        const retry = wait;
        await new Promise((resolve) => setTimeout(resolve, retry));
      }
    }
  }

  /** Lets happen what was due before a time. */
  async passTime(time: number | undefined): Promise<void> {
    if (time === undefined || !this.isGoingOn) return;
    this.run.host.fireDue(time);
    await this.run.desk.expireDue(time);
  }

  /** All that waited is delivered. */
  drained(): void {
    if (this.isGoingOn) this.#letGo();
  }

  /** The run was cancelled: the actions of its turns are done all the same. */
  cancelled(): void {
    this.#state = 'over';
    this.run.desk.outbox.goOn();
  }

  #letGo(): void {
    const { host, desk } = this.run;
    this.#state = 'over';
    this.forget();
    desk.outbox.goOn();
    host.goOn();
    this.#end();
    desk.goOn();
    for (const late of this.#late) host.deliverLate(late);
    this.run.goesOnAgain();
  }
}
