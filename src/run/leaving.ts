/** How a run leaves its runtime: let go of for others, given up at its end, or put into quarantine. */
import { RunClosedError } from '../errors.ts';
import type { Pausing } from '../steering/pausing.ts';
import { storable } from '../storable.ts';
import type { RunStatus } from '../store.ts';
import type { TurnLog } from '../turns/turn-log.ts';
import { LONGEST_TIMEOUT } from '../xstate/delays.ts';
import type { Host } from '../xstate/host.ts';
import type { Desk } from './desk.ts';
import type { Standing } from './standing.ts';
import type { Why } from './why.ts';

/** The run that leaves. */
export interface LeavingOwner {
  readonly id: string;
  status: RunStatus;
  readonly host: Host;
  readonly desk: Desk;
  readonly log: TurnLog;
  readonly standing: Standing;
  readonly isClosed: boolean;
  readonly context: {
    readonly clock: { now(): number };
    readonly logger: (...args: unknown[]) => void;
  };
  until(holds: () => boolean): Promise<void>;
  readonly pausing: Pausing;
  /** The rows of actions that are done go before the run does. */
  cleanUp(): void;
  closed(why: Why): void;
}

export class Leaving {
  /** Settles when the run has left; `undefined` while it is to stay. */
  when: Promise<void> | undefined;

  constructor(private readonly run: LeavingOwner) {}

  /** Starts nothing new, lets effects go on for `grace` milliseconds, and gives up the run for others to open. */
  release(grace: number): Promise<void> {
    return (this.when ??= this.#release(grace));
  }

  async #release(grace: number): Promise<void> {
    const { run } = this;
    const { host, desk, log, standing } = run;
    host.startsEffects = false;
    if (grace > 0 && (host.isBusy || desk.outbox.isBusy)) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise<void>(
        (resolve) => (timer = setTimeout(resolve, Math.min(grace, LONGEST_TIMEOUT))),
      );
      const isIdle = (): boolean => !host.isBusy && !desk.outbox.isBusy && log.isSettled;
      await Promise.race([over, run.until(isIdle)]).catch(() => {});
      clearTimeout(timer);
    }
    const now = run.context.clock.now();
    // Nothing begins meanwhile: in a run that is not paused, a step whose time has come would, and be cut off at once.
    if (run.pausing.isPaused) await run.pausing.stored();
    host.abortEffects();
    if (!run.isClosed) {
      run.cleanUp();
      await log.release(() => standing.head(standing.status, standing.leftAt(now)));
    }
    run.closed(() => new RunClosedError(run.id, 'was released; open it again with runtime.open()'));
  }

  /** A run at its end needs no owner. */
  giveUp(): void {
    const { run } = this;
    const { status, log, standing } = run;
    const close = (): void => run.closed(() => new RunClosedError(run.id, standing.why));
    run.cleanUp();
    this.when = log.release(() => (standing.isListedAs(status) ? undefined : standing.head(status)));
    this.when.then(close, (error: unknown) => {
      if (!run.isClosed) run.context.logger(error);
      close();
    });
  }

  /** Nothing can be told of a failure but the run itself. */
  quarantine(error: unknown): void {
    const { run } = this;
    const { standing, log } = run;
    if (standing.quarantine || run.isClosed) return;
    const { name, message } = storable(error);
    standing.quarantine = { name, message };
    run.context.logger(`Savepoint put run '${run.id}' into quarantine.`, error);
    run.host.close();
    this.when = log.release(() => standing.head('quarantined'));
    const close = (): void => {
      run.status = 'quarantined';
      run.closed(new RunClosedError(run.id, standing.why));
    };
    this.when.then(close, close);
  }
}
