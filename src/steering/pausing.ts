/** Whether a run is paused, and what that means for what comes for it. */
import type { AnyEventObject } from 'xstate';
import { HeldBackError, type StoredOutcome } from '../inbox/mail.ts';
import type { AnswerOptions } from '../input/answers.ts';
import type { Receipt } from '../run/receipt.ts';
import type { SendOptions, Told } from '../run/told.ts';
import { actorAt } from '../xstate/actor-path.ts';
import type { Late } from '../xstate/host.ts';
import { Pause, type PausedRun } from './pause.ts';

/** The run that may be paused. */
export interface PausingOwner extends PausedRun {
  readonly nextSeq: number;
  /** Throws where the run takes nothing any more. */
  checkOpen(): void;
  answer(input: string, value: unknown, options: AnswerOptions): Promise<Receipt>;
  /** Sets off a turn by something that had to wait. */
  deliverLate(late: Late, told: Told): void;
  flush(): Promise<void>;
}

export class Pausing {
  // Most runs are never paused.
  #pause: Pause | undefined;

  constructor(private readonly run: PausingOwner) {}

  /** Do events have to wait, and nothing starts? */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Is only what steers the run delivered? */
  get isHeldBack(): boolean {
    return this.#pause?.isHeldBack ?? false;
  }

  /** Does it go on again, and what waited is being delivered? */
  get isGoingOn(): boolean {
    return this.#pause?.isGoingOn ?? false;
  }

  /** Is nothing in flight, in a run that is paused? */
  get isAtRest(): boolean {
    return this.#pause?.isAtRest ?? true;
  }

  /** Resolves when a run that is paused goes on. */
  get over(): Promise<void> | undefined {
    return this.#pause?.over;
  }

  // --- Calls that steer

  /** Pauses it. Resolves when that is durable; what runs goes on to its end. */
  async pause({ by, reason, take }: Told): Promise<void> {
    const { run } = this;
    run.checkOpen();
    if (this.#pause?.isHeldBack) {
      await this.#pause.begun;
      if (take !== undefined) await run.record({ take: [take] });
      return;
    }
    this.#pause ??= new Pause(run, () => (this.#pause = undefined));
    await this.#pause.begin({ by, reason, at: run.context.clock.now() }, take);
  }

  /** It was paused when it was left: its actors are about to be restored. */
  stays(): void {
    this.#pause = new Pause(this.run, () => (this.#pause = undefined));
  }

  /** Makes it durable that it goes on. What waits is delivered by the drain that is going on. */
  async goOn({ take }: Told): Promise<void> {
    const pause = this.#pause;
    if (pause?.isHeldBack) {
      await pause.goOn(take);
      void pause.catchUp().catch(this.run.context.logger);
    } else if (take !== undefined) await this.run.record({ take: [take] });
  }

  /** Goes on after a pause. Resolves when what waited is delivered, and what was held back has started. */
  async resume(): Promise<void> {
    this.run.checkOpen();
    await this.goOn({});
    // What waited may be what ends it.
    await this.run.until(() => !this.isGoingOn || this.run.isClosed);
  }

  /** The run was cancelled. */
  cancelled(): void {
    this.#pause?.cancelled();
  }

  // --- What comes for it

  /** Must it wait? Not what was waiting, while that is delivered. */
  holdsBack({ take, aside }: Pick<Told, 'take' | 'aside'>): boolean {
    return this.#pause !== undefined && (this.#pause.isHeldBack || (take ?? aside) === undefined);
  }

  /** An event that has to wait. Rejects with `HeldBackError` where the run goes on: it is to be sent after `goneOn()`. */
  async queueEvent(event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    if (this.#pause?.begun) await this.#pause.begun.catch(() => {});
    if (this.#pause?.isHeldBack) return this.#pause.queueEvent(event, options);
    throw new HeldBackError();
  }

  /** Resolves when what waited is delivered, or nothing does. */
  goneOn(): Promise<void> {
    return this.run.until(() => !this.isGoingOn);
  }

  /** An answer that has to wait. */
  async queueAnswer(input: string, value: unknown, options: AnswerOptions): Promise<Receipt> {
    if (this.#pause?.begun) await this.#pause.begun.catch(() => {});
    if (this.#pause?.isHeldBack) return this.#pause.queueAnswer(input, value, options);
    await this.goneOn();
    return this.run.answer(input, value, options);
  }

  /** An event that has to wait, and that nobody waits for. Throws where it cannot be stored. */
  relay(event: AnyEventObject): void {
    this.putOff({ effect: undefined, source: undefined, target: this.run.host.root, event });
  }

  putOff(late: Late): void {
    this.#pause?.putOff(late);
  }

  /** What runs may have ended, or may wait now. */
  look(): void {
    this.#pause?.look();
  }

  /** Resolves when what came is stored. */
  async stored(): Promise<void> {
    await this.#pause?.stored();
  }

  // --- What waited

  /** Delivers what was put off. Resolves when that is durable. */
  async deliver({ effect: key, ended, source, target, event }: StoredOutcome, take: string): Promise<void> {
    const { run } = this;
    const { root } = run.host;
    const seq = run.nextSeq;
    const effect =
      key === undefined ? undefined : [...run.host.activeEffects()].find((one) => one.key === key);
    const to = actorAt(root, target);
    const from = source === undefined ? undefined : actorAt(root, source);
    // An effect that is gone is not heard any more, nor one that was started anew since it ended.
    const counts = effect
      ? [undefined, run.standing.attemptOf(effect.key)].includes(ended)
      : key === undefined;
    if (to && counts && (source === undefined || from))
      run.deliverLate({ effect, source: from, target: to, event }, { take });
    if (run.nextSeq === seq) await run.record({ take: [take] });
    else await run.flush();
  }

  /** Lets happen what was due before something came. */
  async passTime(time: number | undefined): Promise<void> {
    await this.#pause?.passTime(time);
  }

  /** All that waited is delivered. */
  drained(): void {
    this.#pause?.drained();
  }
}
