/** Runs a durable function once, over its journal. */
import type { EventObject } from 'xstate';
import type { DurableArgs } from './durable-function.ts';
import type { Journal } from './journal.ts';
import { LateSignal } from './late-signal.ts';
import { memoryJournal } from './memory-journal.ts';
import { Steps } from './steps.ts';

/** What XState gives the function of a promise actor, with what a run adds. */
export interface HostedArgs<TInput> extends Pick<
  DurableArgs<TInput>,
  'input' | 'system' | 'self' | 'signal'
> {
  readonly emit: (event: EventObject) => void;
  /** The effect's, where a run hosts the actor. */
  readonly journal?: Journal | undefined;
  /** What makes the signal, where a run hosts the actor. */
  readonly late?: LateSignal | undefined;
}

export async function runDurable<TInput, TOutput>(
  fn: (args: DurableArgs<TInput>) => PromiseLike<TOutput>,
  args: HostedArgs<TInput>,
): Promise<TOutput> {
  const { input, self, system, emit, journal = memoryJournal(self) } = args;
  const late = args.late ?? LateSignal.after(args.signal);
  const journaled = await journal.read();
  late.throwIfAborted();
  const { effectId, attempt } = journal;
  const steps = new Steps(journal, journaled, emit);
  late.onAbort((reason) => steps.abort(reason));
  let output: TOutput;
  try {
    output = await fn({
      input,
      step: steps.step,
      effectId,
      attempt,
      get signal() {
        return late.signal;
      },
      self,
      system,
    });
  } catch (error) {
    steps.end(error);
    throw error;
  }
  steps.end();
  return output;
}
