/** Runs a durable function once, over its journal. */
import type { DurableArgs } from './durable-function.ts';
import type { HostedArgs } from './from-durable.ts';
import { LateSignal } from './late-signal.ts';
import { memoryJournal } from './memory-journal.ts';
import { Steps } from './steps.ts';

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
