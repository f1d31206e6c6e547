/** Events and answers for runs that this runtime may not hold. */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { SavepointError, StoreError } from '../errors.ts';
import { checkId } from '../ids.ts';
import type { AnswerOptions } from '../input/answers.ts';
import { parseQuestionId } from '../input/ids.ts';
import type { Machines } from '../machines.ts';
import { here, type Borrow } from '../run/borrow.ts';
import type { Receipt } from '../run/receipt.ts';
import type { SendOptions } from '../run/told.ts';
import { unref } from '../unref.ts';
import { queueAnswer, queueEvent, type QueueContext } from './queue.ts';

/** The runtime that delivers. */
export interface DeliveryContext extends QueueContext {
  readonly logger: (...args: unknown[]) => void;
}

// How long to wait for a store that failed, in milliseconds.
const FIRST_RETRY = 10;
const LAST_RETRY = 1000;

export class Delivery {
  #isOver = false;

  constructor(
    private readonly context: DeliveryContext,
    private readonly machines: Machines,
    private readonly borrow: Borrow,
  ) {}

  async send(run: string, event: AnyEventObject, options: SendOptions): Promise<Receipt> {
    const receipt = await here(this.borrow, run, (core) => core.send(event, options));
    return receipt ?? queueEvent(this.context, run, event, options);
  }

  /**
   * Leaves an event in a run's inbox, and has it delivered. Resolves when it is stored, or can never be: a store that
   * fails is tried again, as long as this runtime lives.
   */
  async post(run: string, event: AnyEventObject, id: string): Promise<void> {
    for (let wait = FIRST_RETRY; ; wait = Math.min(LAST_RETRY, wait * 2)) {
      try {
        checkId('run', run);
        await queueEvent(this.context, run, event, { id });
        break;
      } catch (error) {
        if (this.#isOver) throw error;
        if (SavepointError.isInstance(error) && !(error instanceof StoreError)) {
          this.context.logger(`The event '${event.type}' of the effect '${id}' has nobody to go to.`, error);
          return;
        }
        if (wait === FIRST_RETRY)
          this.context.logger(
            `Savepoint could not send '${event.type}' to run '${run}'; it is tried again.`,
            error,
          );
        const retry = wait;
        await new Promise((resolve) => unref(setTimeout(resolve, retry)));
      }
    }
    here(this.borrow, run, async (core) => core.drain()).catch(this.context.logger);
  }

  /** The runtime is closed: what is not stored by now stays in the outbox that it comes from. */
  close(): void {
    this.#isOver = true;
  }

  async answer(inputId: string, value: unknown, options: AnswerOptions): Promise<Receipt> {
    const { run } = parseQuestionId(inputId);
    const receipt = await here(this.borrow, run, (core) => core.answer(inputId, value, options));
    return receipt ?? queueAnswer(this.context, this.#machineOf, run, inputId, value, options);
  }

  readonly #machineOf = (id: string): AnyStateMachine | undefined => this.machines.find(id, undefined);
}
